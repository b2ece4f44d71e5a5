// Package models holds the ports of what agents think with: Text writes answers,
// Embedding compares texts by meaning. A provider lives in a subpackage of its own and
// may import its library.
//
// # Why it is so
//
// A Prompt carries facts (who the character is, what was said), not a finished text:
// each provider composes what its model wants, and the built-in one needs no
// composing at all.
package models
