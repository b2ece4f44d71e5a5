// Package audio turns speech into text, text into speech, and holds spoken conversations
// with an agent. What does the work are providers behind ports; a server without any
// checks every request in full and then says that there is none.
//
// # Why it is so
//
// Faults are told in the order of the reference: the ids, the file or text, the agent, the
// type of the file, and only then what the server lacks. A client that is wrong hears so
// whether there is a provider or not, and no answer is ever made up.
package audio
