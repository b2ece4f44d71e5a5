package documents

import "maps"

// words are the meanings of names that mean the same wherever they stand. A field with a
// comment of its own is told by that.
//
//nolint:gochecknoglobals // a table that nothing changes
var words = map[string]string{
	"agentId":                   "The agent.",
	"agentName":                 "Name of the agent.",
	"after":                     "Only what is newer than this.",
	"attachments":               "A list of objects, each with a url, and id, title and contentType if there are such.",
	"attempt":                   "Rises when a turn begins anew.",
	"authorDisplayName":         "Name of the author, as others see it.",
	"authorId":                  "Who writes, by the id as an entity.",
	"before":                    "Only what is older than this.",
	"channelId":                 "The channel.",
	"channelIds":                "The channels.",
	"content":                   "The text.",
	"createdAt":                 "When it was made.",
	"created_at":                "When it was made, in milliseconds since 1970.",
	"durationMs":                "How long it takes, in milliseconds.",
	"embedding":                 "The vector of the text: a list of numbers.",
	"entityId":                  "The person or agent, by the id as an entity.",
	"from":                      "Only what is not older than this.",
	"hasMore":                   "Whether there is more behind this part.",
	"id":                        "Its id.",
	"inReplyTo":                 "The message that is answered.",
	"inReplyToMessageId":        "The message that is answered.",
	"includeEmbedding":          "Whether the vectors come too; only true is true.",
	"language":                  "Language of what is spoken, such as en.",
	"limit":                     "How many at most.",
	"logId":                     "The entry of the log.",
	"memoryId":                  "The memory.",
	"messageId":                 "The message.",
	"messageServerId":           "The message server.",
	"metadata":                  "Free values, kept as they are.",
	"mimeType":                  "Its type, such as image/png.",
	"name":                      "Its name.",
	"offset":                    "How many at the beginning are left out.",
	"originalName":              "The name it was uploaded under.",
	"participantId":             "Only those in which this person or agent takes part.",
	"platform":                  "The platform from which it comes, such as discord.",
	"provider":                  "Only those of this provider.",
	"rawMessage":                "What the author's client sent, in any form; it is kept beside the text.",
	"rev":                       "Number of the last change within the channel.",
	"roomId":                    "The room of the agent, or the channel that it is for.",
	"runId":                     "The turn of the agent.",
	"senderId":                  "Who sends, by the id as an entity.",
	"senderName":                "Name of the sender, as others see it.",
	"seq":                       "Number of the message within its channel.",
	"serverId":                  "The message server, such as the default one, 00000000-0000-0000-0000-000000000000.",
	"source":                    "From where it comes, such as client_chat.",
	"sourceId":                  "What another platform calls it.",
	"sourceType":                "From where it comes, such as eliza_gui or discord.",
	"speaker":                   "Who speaks.",
	"text":                      "The text.",
	"to":                        "Only what is older than this.",
	"topic":                     "What it is about.",
	"total":                     "How many there are in all.",
	"type":                      "Of what kind it is.",
	"updatedAt":                 "When it was changed last.",
	"updated_at":                "When it was changed last, in milliseconds since 1970.",
	"url":                       "Its address, relative to the server's.",
	"userIds":                   "Persons and agents, by their ids as entities.",
	"userName":                  "Name of who speaks.",
	"voice":                     "The voice; see voices:list.",
	"worldId":                   "The world of the agent.",
	"in_reply_to_message_id":    "The message that is answered.",
	"participantCentralUserIds": "Who takes part: persons and agents, by their ids as entities.",
}

// meanings adds what names mean everywhere to the comments of the code; see schema.New.
func meanings(comments map[string]string) map[string]string {
	out := maps.Clone(comments)
	for name, text := range words {
		out["*."+name] = text
	}
	return out
}
