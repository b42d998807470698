#!/usr/bin/env bash
# rouge 1.0.3 (npm) counts a word once however often it matches; js-rouge 3.2.3 tells The from the.
#
# Expected: ROUGE-N clips counts (Lin 2004): of "the the the the cat" against "the cat sat on the mat", two of "the" and one of "cat"
#           match, recall 3/6, F1 6/11; rouge_score, the field's reference, lower-cases first.
# Seen:     rouge finds the set of words in common, so recall is 2/6, and gives recall where js-rouge gives F1. js-rouge clips, but "The
#           Cat" against "the cat" is 0.
# Matters:  summaries are compared by these numbers; a score from one of the two says nothing beside ours, which follow rouge_score.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages rouge@1.0.3 js-rouge@3.2.3

seen=$(node --input-type=module - <<'JS'
import rouge from 'rouge';
import * as jsRouge from 'js-rouge';
for (const [candidate, reference] of [['the the the the cat', 'the cat sat on the mat'], ['The Cat', 'the cat'], ['a b', 'a b c d']])
  console.log(`${candidate} / ${reference}: rouge ${rouge.n(candidate, reference, 1).toFixed(4)}, `
    + `js-rouge ${jsRouge.n(candidate, reference, { n: 1 }).toFixed(4)}`);
JS
)
recorded "$seen" "the ROUGE packages count in another way than they did." <<'SEEN'
the the the the cat / the cat sat on the mat: rouge 0.3333, js-rouge 0.5455
The Cat / the cat: rouge 0.0000, js-rouge 0.0000
a b / a b c d: rouge 0.5000, js-rouge 0.6667
SEEN
