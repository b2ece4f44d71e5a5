// Package builtin is the model that is always there: it needs no network, no key and
// no weights, and answers in microseconds. It turns a person's words around and asks
// about them, in the manner of Weizenbaum's ELIZA of 1966, with rules of our own.
//
// # How it answers
//
// The text is split into clauses and words. Words that are keywords bring their rules
// into play, the highest rank first; a rule's pattern cuts a clause into parts, and its
// sentences put the parts, seen from the other side (my becomes your), into a reply.
// Among all sentences that fit, the first one that was not said lately is taken; where
// the list begins is decided by the id of the question. Without a keyword it returns
// to something the person said before, or says something open.
//
// # Why it is so
//
// It keeps no state: what it must know of the conversation is in the prompt, so any
// replica gives the same answer to the same question, before and after a crash.
// Patterns know only words, word groups and gaps, which are matched from left to right
// without going back: the cost is linear in the text, whatever it holds.
package builtin
