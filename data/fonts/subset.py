"""Makes the fonts of the PNG figures: DejaVu Sans 2.37 without the characters that no figure needs.

    pip install fonttools==4.68.0
    python data/fonts/subset.py /usr/share/fonts/truetype/dejavu

The folder holds DejaVuSans.ttf and DejaVuSans-Bold.ttf (Debian: fonts-dejavu-core).
"""

import sys
from pathlib import Path

from fontTools.subset import main

# Latin, combining marks, Greek, Cyrillic, punctuation, super- and subscripts, letterlike symbols,
# arrows, mathematical operators.
UNICODES = "20-7E,A0-17F,2BC,300-36F,370-3FF,400-45F,1D62-1D6A,2010-2027,2030-203A,2070-209C,2100-214F,2190-2193,2200-22FF"

for name in ["DejaVuSans", "DejaVuSans-Bold"]:
    source = Path(sys.argv[1]) / f"{name}.ttf"
    target = Path(__file__).parent / f"{name}.ttf"
    main([str(source), f"--unicodes={UNICODES}", "--no-hinting", "--layout-features=kern,mark,mkmk,ccmp",
          "--desubroutinize", f"--output-file={target}"])
