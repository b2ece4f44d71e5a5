package op

// ChannelRoutes are the routes of a channel's operation, suffix below both of the
// reference's prefixes for a channel.
func ChannelRoutes(method, suffix string) []string {
	return []string{
		method + " /api/messaging/central-channels/:channelId" + suffix,
		method + " /api/messaging/channels/:channelId" + suffix,
	}
}
