"""README, tutorial and how-tos do what they say: their commands run in order, in one folder, on this machine.

What a block of a document needs stands above it in a comment that readers do not see:

    <!-- file: api.py -->             the block is written to that file
    <!-- append: livemerge.toml -->   or put at its end
    <!-- exit: 1 -->                  the commands end with this code
    <!-- background: listening -->    it goes on; the next block begins when it has printed this word
    <!-- stop: api.py -->             here Ctrl-C ends what the command with this word started; its exit code is checked
    <!-- interrupt: test -e done -->  Ctrl-C as soon as this is true; the exit code is then 130
    <!-- skip: make test -->          this line of the block is a target of the Makefile, and is not run
    <!-- run: livemerge init shop --> a command that readers have run already

A `text` block shows what the block before it printed: its lines come in that order, … stands for anything. A `toml`
block without a comment is loaded as settings, or as a campaign where it has a template. Of a `yaml` block the steps
that run `livemerge` are run, and the hooks are looked for. Ports 8080 and 8765 are
replaced by free ones, so that documents may run beside each other.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from livemerge.catalog import load_catalog
from livemerge.config import load_campaign, load_settings
from livemerge.errors import ConfigError

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DOCUMENTS = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
LINKING = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")]
DEADLINE_S = 300  # for the commands of one block, on a machine that runs other things too
NOTES = {"file", "append", "exit", "background", "stop", "interrupt", "skip", "run"}
PIECE = re.compile(r"^<!-- (?P<word>[a-z]+): (?P<value>.+?) -->$|^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
# The recipe as make has it. Not under make, which Ctrl-C would end too, whatever the demo's own exit code is.
MAKE_DEMO = 'cd {root}; eval "$(make -n -o setup demo DEMO={folder}/demo RECIPIENTS=40)"'


@dataclass(frozen=True)
class Block:
    """One fenced block, what is said about it, and the line it begins on."""

    kind: str
    text: str
    notes: dict[str, str]
    line: int


def blocks_of(document):
    """The blocks of a document in order; a `run` or `stop` note is a block of its own."""
    text, notes = document.read_text(encoding="utf-8"), {}
    for found in PIECE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        assert not found["word"] or found["word"] in NOTES, f"{document.name}:{line}: unknown note {found['word']}"
        if found["word"] in ("run", "stop"):
            yield Block(found["word"], found["value"], {}, line)
        elif found["word"]:
            notes[found["word"]] = found["value"]
        else:
            yield Block(found["kind"], found["text"], notes, line)
            notes = {}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


class Reader:
    """Somebody who does what a document says. Folder and variables last from block to block."""

    def __init__(self, document, folder):
        self.name = document.name
        self.folder = folder
        self.state = folder.parent / "state"
        self.state.write_text(f"cd {shlex.quote(str(folder))}\n")
        self.ports = {"8080": free_port(), "8765": free_port()}
        self.running = []
        self.printed = ""

    def read(self, block):
        """Does what the block says."""
        with_ports = re.sub(r"\b(8080|8765)\b", lambda found: self.ports[found[0]], block.text)
        match block.kind:
            case "sh" | "run":
                self.do(with_ports, block)
            case "stop":
                self.stop(with_ports)
            case "text":
                self.compare(with_ports, block)
            case _ if block.notes.keys() & {"file", "append"}:
                self.write(with_ports, block.notes)
            case "python":
                self.printed = self.shell(f"python - <<'SCRIPT'\n{with_ports}SCRIPT", 0, block)
            case "toml":
                load(block.text, self.folder.parent)
            case "yaml":
                self.try_steps(with_ports, block)
            case kind:
                pytest.fail(f"{self.name}:{block.line}: nobody reads a `{kind}` block here")

    def do(self, commands, block):
        if line := block.notes.get("skip"):
            assert line in commands
            assert re.search(rf"^{line.removeprefix('make ')}:", (ROOT / "Makefile").read_text(), re.M)
            commands = "\n".join(one for one in commands.splitlines() if not one.startswith(line))
        commands = re.sub(r"^livemerge serve$", f"livemerge serve --port {self.ports['8080']}", commands, flags=re.M)
        commands = re.sub(r"^make demo\b.*$", MAKE_DEMO.format(root=ROOT, folder=self.folder), commands, flags=re.M)
        if "background" in block.notes or "interrupt" in block.notes:
            self.start(commands, block)
        else:
            self.printed = self.shell(commands, int(block.notes.get("exit", 0)), block)

    def try_steps(self, text, block):
        """What a workflow runs of Livemerge works here; the hooks it names are there."""
        for command in re.findall(r"run: (livemerge .+)", text):
            self.shell(f"{command} || test $? -eq 1", 0, block)
        hooks = set(re.findall(r"^- id: (\S+)$", (ROOT / ".pre-commit-hooks.yaml").read_text(), re.M))
        assert set(re.findall(r"- id: (\S+)", text)) <= hooks, f"{self.name}:{block.line}: there is no such hook"

    def shell(self, commands, code, block):
        """What the commands print."""
        script = f'. {self.state}\nset -e\n{commands}\n{{ export -p; echo cd $(printf %q "$PWD"); }} > {self.state}'
        done = subprocess.run(
            ["bash", "-c", script],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert done.returncode == code, f"{self.name}:{block.line} ended with {done.returncode}\n{done.stdout}"
        return done.stdout

    def start(self, commands, block):
        log = self.folder.parent / f"log-{len(self.running)}"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["bash", "-c", f". {self.state}\nset -e\n{commands}"],
                env=environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=hears_ctrl_c,
            )
        self.running.append((commands, process, log))
        if word := block.notes.get("background"):
            wait_until(lambda: word in log.read_text() or process.poll() is not None, log)
            assert process.poll() is None, log.read_text()
        else:
            condition = f". {self.state}\n{block.notes['interrupt']}"
            wait_until(lambda: subprocess.run(["bash", "-c", condition], check=False).returncode == 0, log)
            self.stop(commands, code=130)
        self.printed = log.read_text()

    def stop(self, word, code=0):
        """Ctrl-C, as a terminal gives it: to the shell and all it started."""
        found = next(one for one in self.running if word in one[0])
        self.running.remove(found)
        _, process, log = found
        os.killpg(process.pid, signal.SIGINT)
        assert (ended := process.wait(DEADLINE_S)) == code, (
            f"{self.name}: `{word}` ended with {ended}\n{log.read_text()}"
        )

    def compare(self, shown, block):
        """Every line shown was printed, in that order; spaces do not count, … is anything."""
        printed, at = words_of(self.printed), 0
        for line in filter(None, map(words_of, shown.splitlines())):
            found = re.compile(re.escape(line).replace("…", ".*?"), re.S).search(printed, at)
            assert found, f"{self.name}:{block.line}: `{line}` was not printed, or not here:\n{self.printed}"
            at = found.end()

    def write(self, text, notes):
        here = Path(shlex.split(self.state.read_text().splitlines()[-1])[1])  # the state ends with cd
        where = here / (notes.get("file") or notes["append"])
        where.parent.mkdir(parents=True, exist_ok=True)
        with where.open("w" if "file" in notes else "a", encoding="utf-8") as file:
            file.write(text if "file" in notes else f"\n{text}")

    def end(self):
        """Ctrl-C for what still runs when the document ends."""
        for commands, _, _ in list(self.running):
            self.stop(commands)

    def leave(self):
        """Nothing that a document started outlives it, whatever failed."""
        for _, process, _ in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(DEADLINE_S)


def hears_ctrl_c():
    """Programs listen to Ctrl-C, also where the tests were started by something that does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return kept | {"PATH": f"{BIN}:{os.environ['PATH']}", "COLUMNS": "120", "PYTHONUNBUFFERED": "1"}


def wait_until(is_true, log):
    ends_at_s = time.monotonic() + DEADLINE_S
    while not is_true():
        assert time.monotonic() < ends_at_s, f"waited {DEADLINE_S} s in vain\n{log.read_text()}"
        time.sleep(0.05)


def words_of(text):
    return " ".join(text.split())


def load(text, folder):
    """A snippet as Livemerge reads it. Fields without their source are settings still, but no catalog."""
    if "template" in (found := tomllib.loads(text)):
        (folder / "snippet.toml").write_text(text)
        load_campaign(folder / "snippet.toml", folder)
        return
    (folder / "livemerge.toml").write_text(text)
    settings = load_settings(folder)
    if all(field["source"] in found.get("source", {}) for field in found.get("field", {}).values()):
        load_catalog(settings)


def follow(document, tmp_path):
    """Does everything a document says, in a new folder."""
    (tmp_path / "here").mkdir()
    reader = Reader(document, tmp_path / "here")
    try:
        for block in blocks_of(document):
            reader.read(block)
        reader.end()
    finally:
        reader.leave()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_does_what_it_says(document, tmp_path):
    if "curl" in document.read_text(encoding="utf-8") and shutil.which("curl") is None:
        pytest.skip("left out: no curl on this machine")
    follow(document, tmp_path)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("```sh\ncd /nowhere\n```\n", "ended with 1"),
        ("<!-- exit: 1 -->\n```sh\ntrue\n```\n", "ended with 0"),
        ("```sh\necho one two three\n```\n```text\none three\n```\n", "`one three` was not printed"),
        ("```sh\necho one; echo two\n```\n```text\ntwo\none\n```\n", "`one` was not printed, or not here"),
        ("<!-- background: ready -->\n```sh\nfalse\n```\n", "assert 1 is None"),
        ("<!-- backgruond: ready -->\n```sh\ntrue\n```\n", "unknown note backgruond"),
        ("<!-- skip: make nothing -->\n```sh\nmake nothing\n```\n", "nothing"),
        ('```toml\n[source.a]\nkind = "htpt"\n```\n', "htpt"),
        ("```python\nassert False\n```\n", "AssertionError"),
        ("```yaml\n- run: livemerge chekc\n```\n", "ended with 1"),
        ("```yaml\nhooks:\n  - id: livemerge-nothing\n```\n", "there is no such hook"),
    ],
)
def test_a_document_that_says_what_is_not_so_is_noticed(written, complaint, tmp_path):
    document = tmp_path / "wrong.md"
    document.write_text(written, encoding="utf-8")
    with pytest.raises((AssertionError, ConfigError), match=complaint):
        follow(document, tmp_path)


@pytest.mark.parametrize("document", LINKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, heading = link.partition("#")
        if ":" in path:
            continue
        target = document.parent / path if path else document
        assert target.exists(), f"{document.name} links to {link}"
        if heading:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
            assert heading in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}, link
