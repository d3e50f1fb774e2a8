"""Tree to program: one Python function for each template and kind of output, which appends encoded pieces.

The source of the function is made of generated names and of the repr of str, bytes, int and None; everything else
a template says is handed over as an object in the function's namespace. No template text becomes code.

    def program(c, S, o):          context, scope, output
        a = o.append
        C = S.is_clean                                        whether values of the data need no cleaning
        d0 = S.data.get('user')                               names of the data, looked up once,
        m0 = d0 if type(d0) is dict else VIEW(GETTER(d0))     and how to step into them
        o += (                                                pieces that follow each other, in one go
            '<p>Hello ',
            E(t1) if type((t1 := m0.get('name'))) is str and (C or t1.isprintable()) else W_auto(c, t1),
        )

`function` is the function while it is written; every other file writes one family of the tree's nodes into it;
`program` puts the families together and makes the function real.
"""

from livemerge.template.generate.manner import LIQUID_MANNER, Manner
from livemerge.template.generate.program import Compiled, generate

__all__ = ["LIQUID_MANNER", "Compiled", "Manner", "generate"]
