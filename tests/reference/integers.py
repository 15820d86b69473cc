"""shoal's random integers (src/engine/random.rs), again in numpy."""

import numpy as np


def pcg4d(a, b, c, d):
    """Four hashed words of four words; uint32 arrays, whose arithmetic wraps like wrapping_* in
    Rust."""
    v = [np.array(word, dtype=np.uint32, ndmin=1) for word in (a, b, c, d)]

    def mix():
        v[0] = v[0] + v[1] * v[3]
        v[1] = v[1] + v[2] * v[0]
        v[2] = v[2] + v[0] * v[1]
        v[3] = v[3] + v[1] * v[2]

    v = [word * np.uint32(1664525) + np.uint32(1013904223) for word in v]
    mix()
    v = [word ^ (word >> np.uint32(16)) for word in v]
    mix()
    return v
