package messaging

// Followed is how many messages are followed by callers in this process.
func (a *Answers) Followed() int { return a.open() }
