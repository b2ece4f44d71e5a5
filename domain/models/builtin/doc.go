// Package builtin is the model that is always there: it needs no network, no key and
// no weights to fetch, and answers in well under a millisecond. It turns a person's
// words around and asks about them, in the manner of Weizenbaum's ELIZA of 1966, with
// rules of our own, and it recalls what it was told.
//
// # How it answers
//
// The text is split into clauses and words (words.go), without what says nothing
// (asides.go). A clause that asks for something told is answered from what people said
// in the channel: statements are read as facts (sentences.go, facts.go, classify.go),
// also of people by name (named.go) and of what a pronoun stands for (subjects.go), the
// question as a query (query.go, question.go, third.go), and the facts are ranked by how
// well their form and their meaning fit (score.go; the meaning by the vectors of package
// glove). Only the asker's own statements answer for "my" and "I"; what others said is
// quoted by name. Of two that contradict each other the later one counts, and what was
// not told is said not to have been told.
//
// What sounds like danger goes before all else, and is answered with where people help.
//
// Else words that are keywords bring their rules into play, the highest rank first
// (rules.json); a rule's pattern cuts a clause into parts (pattern.go), and its
// sentences put the parts, seen from the other side (reflect.go: my becomes your), into
// a reply. Without a rule it takes up what the text is about, returns to something the
// person spoke of earlier, or says something open (open.go).
//
// Among all sentences that fit, one is taken that was not said within 12 turns of its
// own and whose template rested for 6 (history.go, compose.go). Where the choice begins
// depends on the words, the speaker and the last answer, so the same prompt gets the
// same answer.
//
// # How it keeps to a character
//
// Of itself it speaks in the words of the bio, turned to the first person if they begin
// with the name; it offers the topics when talk stalls, and describes itself by the
// adjectives. What comes close to a line of an example conversation is answered by the
// example's next line, its placeholders ({{user}}, {{user1}}, {{char}}, {{agent}} ...)
// replaced. Of the style it honours hints with these words, unless they are negated:
//
//   - "lowercase", "lower case": writes no capitals
//   - "no questions", "never ask", "avoid questions": leaves questions out
//   - "short", "brief", "concise": at most two sentences
//   - "one sentence", "very short", "terse": one sentence
//   - "emoji": ends an answer with one
//
// It never claims to be more than a program, whatever the bio says.
//
// # Why it is so
//
// It keeps no state: what it must know of the conversation is in the prompt, so any
// replica gives the same answer to the same question, before and after a crash.
// Patterns know only words, word groups and gaps, which are matched from left to right
// without going back: the cost is linear in the text, whatever it holds.
//
// Facts are searched by rules and vectors instead of being extracted once and stored:
// a deleted message is forgotten at once, and there is nothing to migrate.
package builtin
