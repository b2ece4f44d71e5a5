// Package glove embeds words and sentences with the vectors that come inside the
// program, so that texts can be compared by meaning without a network.
//
// The vectors are the 50,000 most frequent plain English tokens of GloVe 6B, 100
// dimensions (Jeffrey Pennington, Richard Socher, Christopher D. Manning: GloVe: Global
// Vectors for Word Representation, 2014, https://nlp.stanford.edu/projects/glove/),
// quantised to whole numbers of 8 bits. They are in the public domain: Public Domain
// Dedication and License 1.0 (PDDL).
//
// A sentence is the sum of its words' vectors, weighted by smooth inverse frequency
// (Arora, Liang, Ma 2017), from which the vocabulary's mean is taken away. Embed makes
// its length 1.
//
// # Why it is so
//
// A Go map of 50,000 words would cost some megabytes and a slow start. The words are
// found in the embedded bytes themselves through a table of less than half a megabyte,
// which is made when the first text is embedded.
package glove
