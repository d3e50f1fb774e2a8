"""What one template may cost. Reached limits are TemplateErrors that name themselves."""

MAX_TEMPLATE_CHARACTERS = 1_048_576  # 1 MiB: mail clients clip at 102 KB, Mailchimp refuses about 200 KB
MAX_PLACES = 30_000  # of tags, names and texts of one template: a mail has some hundreds, a huge one some thousands
MAX_WORDS = 30_000  # words and signs of one tag: as many as a template has places
MAX_MISTAKES = 300  # that are told before a template counts as written in another language
MAX_LINES = 40_000  # of the Python that one template becomes; CPython compiles some 50,000 a second
MAX_NESTING = 90  # open blocks; Python's own parser stops at 100 levels of indentation
MAX_LOOP_NESTING = 16  # loops in loops; CPython compiles at most 20 nested blocks
MAX_EXPRESSION_DEPTH = 30  # brackets in brackets, and alternations of and/or
MAX_PATH_STEPS = 50  # dots and brackets of one path; CPython nests 200 parentheses, a step takes three
MAX_CHAIN = 100  # filters on one value, and/or in one condition
MAX_WORK = 10_000_000  # of one rendering, in units of some 0.1 µs: docs/decisions/0012
MAX_ITERATIONS = 100_000  # of all loops of one rendering together, and items of a list that filters build
ROUND_WORK = MAX_WORK // MAX_ITERATIONS  # units a loop round counts at least
MAX_OUTPUT_CHARACTERS = 2_097_152  # 2 MiB of message text
MAX_TEXT_CHARACTERS = 524_288  # of one value that filters build or a capture holds
MAX_DIGITS = 400  # of one whole number that filters build; a double ends at 309
MAX_INCLUDE_DEPTH = 20  # templates in templates
MAX_REMEMBERED_PARTIALS = 256  # compiled partials one template keeps
MAX_VALUE_NESTING = 20  # lists in lists that are printed, compared or flattened
MAX_FETCHES = 3  # different requests of one message; Marketing Cloud advises no more
