/** Phrases that hide the subject or the condition, and what to write instead. */
export const plain: ReadonlyMap<RegExp, string> = new Map([
  [/\bwho(?:so)?ever\b|\bwhichever\b/i, "name the subject"],
  [/\bwhat (?:is|are) no\b|\bwhat (?:came|comes|lies|stands)\b/i, "name the thing"],
  [/\b(?:is|are|be|was|were|stays?) held to\b/i, "must match, is verified against"],
  [/(?<!\bthere )\b(?:is|are) none\b/i, "is not a …"],
  [/, where (?:it|one|that|they|there)\b|\bonly where\b|\bundefined where\b/i, "if"],
  [/\bhas it that\b|\bas it were\b|\bin so many words\b|\bwhatever (?:it|was|that)\b/i, "say it directly"],
  [/\b(?:is|are) (?:the|no) news\b|\btells most\b|\bworth nothing\b|\bin good order\b/i, "say what happened"],
  [/\bbehind the back\b|\bnobody in particular\b|\bgrows? old\b|\bgo(?:es)? in circles\b/i, "no idioms"],
  [/\boutright\b/i, "explicit, at once"],
  [/\bin (?:the )?place of\b/i, "instead of"],
  [/\bfor ever\b/i, "without end, always"],
  [/\banew\b/i, "again, from 0"],
  [/\bhanded out\b|\bhands? out\b|\bgiven out\b|\bgives? out\b/i, "return, pass"],
]);
