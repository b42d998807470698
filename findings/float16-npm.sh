#!/usr/bin/env bash
# float16 0.0.1 (npm) turns 70000 into NaN, and rounds halves up.
#
# Expected: IEEE 754 binary16: above 65519 infinity, ties to the even neighbour, as numpy, torch and @petamoriken/float16 have it.
# Seen:     from 65536 on the fraction is kept beside the exponent of infinity: 70000 is a NaN. 1 + 2^-11, half-way between 1 and the next
#           number, goes up.
# Matters:  weights written as F16 with it hold NaN where the model had a large finite value, and differ in the last bit from a conversion
#           by torch.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages float16@0.0.1 @petamoriken/float16@3.9.3

seen=$(node --input-type=module - <<'JS'
import float16 from 'float16';
import { Float16Array } from '@petamoriken/float16';
const right = value => new Uint16Array(new Float16Array([value]).buffer)[0];
for (const value of [0.1, 1 + 2 ** -11, 65504, 70000])
  console.log(`${value}: ${float16.float16ToByte(value).toString(16)}, by IEEE 754 ${right(value).toString(16)}`);
JS
)
recorded "$seen" "float16 rounds in another way than it did." <<'SEEN'
0.1: 2e66, by IEEE 754 2e66
1.00048828125: 3c01, by IEEE 754 3c00
65504: 7bff, by IEEE 754 7bff
70000: 7c46, by IEEE 754 7c00
SEEN
