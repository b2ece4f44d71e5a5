package documents

// intros tell what the operations of a noun are about, for those who do not know its words.
//
//nolint:gochecknoglobals // a table that nothing changes
var intros = map[string]string{
	"agents":        "An agent is a character that takes part in channels and, while it is active, answers there.",
	"channels":      "A channel holds messages: a group, or the direct conversation of two. Sockets hear of it from the moment they join it on.",
	"conversations": "Conversations by voice with an agent. They need a provider of speech.",
	"documents":     "This documentation, for people and for programs.",
	"files":         "Files lie with the channel or the agent that they were uploaded to. A message shows one by its url, among its attachments.",
	"groups": "A group is one room for each of several agents, under one id, as the reference keeps it in their memories. " +
		"Where people and agents are to talk with each other, make a channel instead.",
	"memories": "What an agent remembers: the messages of its channels, facts, documents. A message that is deleted is forgotten.",
	"messages": "Each message has a number within its channel, seq, which is its place and never changes. " +
		"Each change of a channel has a number too, rev: who knows the last one can ask for what came after it.",
	"presence":   "Who is in a channel at the moment.",
	"reads":      "How far somebody has read a channel, and what is unread.",
	"recordings": "Recordings become texts, or are answered. They need a provider of speech.",
	"rooms":      "A room is a channel as one agent remembers it. It has an id of its own for each agent.",
	"servers": "A message server holds channels; the default one, 00000000-0000-0000-0000-000000000000, is always there. " +
		"In the channels of others an agent answers only if it was linked to them.",
	"system": "Health, version, log, numbers and settings of the whole server.",
	"texts":  "Texts become speech. They need a provider of speech.",
	"typing": "Who types at the moment.",
	"voices": "The voices in which texts can be spoken.",
	"worlds": "A world is a message server as one agent remembers it. Its rooms lie in it.",
}
