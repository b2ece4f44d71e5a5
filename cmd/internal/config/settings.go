package config

import "strings"

// setting is one row of the table: a setting's name, and a value bound to its field.
type setting struct {
	// name is the environment variable; the flag and the file key are derived from it.
	name string
	// aliases are further environment variables, used where name is not set.
	aliases []string
	// value parses into the field and prints it.
	value value
	// fallback is the default as text; empty leaves the field's zero value.
	fallback string
	// shown is the default as the documents show it, where fallback does not say it.
	shown string
	// help says what it does, what zero means and what more costs.
	help string
}

// key is the setting's name as a flag and in the config file.
func (s setting) key() string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(s.name, "PARLEY_")), "_", "-")
}

// isSwitch reports whether the setting is on or off, so that its flag needs no value.
func (s setting) isSwitch() bool {
	_, ok := s.value.(bound[bool])
	return ok
}

// defaultText is the default as the documents show it.
func (s setting) defaultText() string {
	if s.shown != "" {
		return s.shown
	}
	return s.fallback
}

// settings is the one table of settings, bound to the fields of c.
func (c *Config) settings() []setting {
	return concat(c.serving(), c.cluster(), c.access(), c.tokens(), c.limits(), c.taking(), c.characters(), c.telling(), c.tracing())
}

// concat joins the groups of the table.
func concat(groups ...[]setting) []setting {
	var all []setting
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// serving is where the server listens and keeps its data.
func (c *Config) serving() []setting {
	return []setting{
		{name: "PARLEY_CONFIG", value: text(&c.File), shown: "none",
			help: "JSON file with settings; its keys are the names of the flags."},
		{name: "SERVER_PORT", aliases: []string{"PORT"}, value: whole(&c.Port), fallback: "3000",
			help: "Port to listen on; 0 takes any free one."},
		{name: "SERVER_HOST", aliases: []string{"HOST"}, value: text(&c.Host), fallback: "127.0.0.1",
			help: "Address to listen on; 0.0.0.0 is every interface and needs a key or PARLEY_ALLOW_OPEN."},
		{name: "PARLEY_DATA_DIR", value: text(&c.DataDir), fallback: ".parley",
			help: "Folder that holds everything the server keeps; it is made if absent and belongs to one process."},
		{name: "PARLEY_SEED", value: boolean(&c.Seed), fallback: "true",
			help: "At the very first start, make the agents Eliza and Juniper (the second one not running) and the channel Lobby."},
		{name: "ELIZA_UI_ENABLE", value: boolean(&c.UI), fallback: "true", shown: "on unless NODE_ENV is production",
			help: "Serve the web client."},
		{name: "PARLEY_WEB_DIR", value: text(&c.WebDir), shown: "the embedded client",
			help: "Folder with another build of a web client to serve instead."},
	}
}

// access is who may call.
func (c *Config) access() []setting {
	return []setting{
		{name: "PARLEY_AUTH", value: lower(&c.Auth), shown: "key if one is set, else open",
			help: "open lets everybody do everything; key asks REST and sockets for the server key; jwt asks for the tokens of end users, who act as themselves in their own channels."},
		{name: "ELIZA_SERVER_AUTH_TOKEN", value: secret(&c.ServerKey), shown: "none",
			help: "The server key (secret). Prefer the environment or .env: flags are visible to other users of the machine."},
		{name: "SERVER_API_KEY", value: secret(&c.SocketKey), shown: "none",
			help: "Another name of the server key (secret), as ElizaOS 1.7 calls the one of sockets; if both are set they must be equal."},
		{name: "SOCKET_AUTH", value: boolean(&c.SocketAuth), fallback: "on",
			help: "Ask sockets for the server key too; off admits clients that cannot send one as ordinary members."},
		{name: "PARLEY_ALLOW_OPEN", value: boolean(&c.AllowOpen), fallback: "false",
			help: "Allow listening beyond loopback without a key; only for a network in which everybody is trusted."},
		{name: "CORS_ORIGIN", value: list(&c.Origins), shown: "any origin is echoed",
			help: "Origins, separated by commas, whose pages may call the server, open sockets and use its session cookie; pages of the server itself always may."},
		{name: "API_CORS_ORIGIN", value: list(&c.APIOrigins), shown: "CORS_ORIGIN",
			help: "Origins for /api alone."},
		{name: "TRUST_PROXY", value: proxies(&c.TrustProxy), fallback: "false",
			help: "Whose X-Forwarded-For and X-Forwarded-Proto to believe, over REST and sockets: false, true (one proxy before the server), their number, or a list of addresses and networks, also loopback and private; one too many lets callers claim any address."},
		{name: "ALLOW_REMOTE_STOP", value: boolean(&c.RemoteStop), fallback: "false",
			help: "Let callers on other machines stop the server without the key, where no key is needed."},
		{name: "ALLOW_REMOTE_ENV", value: boolean(&c.RemoteEnv), fallback: "false",
			help: "Let callers on other machines read and write the .env without the key, where no key is needed; its secrets are then everybody's."},
	}
}

// tokens is how the tokens of the jwt mode are checked.
func (c *Config) tokens() []setting {
	return []setting{
		{name: "PARLEY_JWT_SECRET", value: secret(&c.JWTSecret), shown: "none",
			help: "Secret of tokens signed with HS256, at least 32 bytes (secret)."},
		{name: "PARLEY_JWT_PUBLIC_KEY", value: text(&c.JWTPublicKey), shown: "none",
			help: "Public key of tokens signed with RS256, ES256 or EdDSA: a PEM, or the path of a file with one or several."},
		{name: "PARLEY_JWT_JWKS_URL", value: text(&c.JWTKeysURL), shown: "none",
			help: "Address of a JWK Set with such keys, by https, or by http on this machine; needs PARLEY_JWT_ISSUER. Old keys count for a day while it does not answer."},
		{name: "PARLEY_JWT_ISSUER", value: text(&c.JWTIssuer), shown: "any",
			help: "The iss that tokens must have."},
		{name: "PARLEY_JWT_AUDIENCE", value: list(&c.JWTAudience), shown: "none",
			help: "Names, separated by commas, of which a token must have one as its aud; without a name tokens must not have an aud."},
		{name: "PARLEY_JWT_LEEWAY", value: duration(&c.JWTLeeway), fallback: "30s",
			help: "How much the issuer's clock may differ, at most 5m; tokens count that much longer."},
	}
}

// limits bound what callers and agents may use.
func (c *Config) limits() []setting {
	return []setting{
		{name: "EXPRESS_MAX_PAYLOAD", value: size(&c.MaxPayload), fallback: "2mb",
			help: "Largest JSON body over REST, such as 500kb, 2mb or a number of bytes; more costs memory per request."},
		{name: "UPLOAD_EXTRA_MIME_TYPES", value: list(&c.UploadTypes), fallback: "text",
			help: "Types of files, separated by commas, that may be uploaded beside pictures, sound, films, PDF and plain text: media types, text (Markdown, CSV, JSON), office (Office documents), or none."},
		{name: "RATE_LIMIT_API", value: whole(&c.APIRate), fallback: "1000",
			help: "Requests to /api that an address may send per window, also with wrong keys; loopback and callers with the key are not counted, 0 is without limit."},
		{name: "RATE_LIMIT_API_WINDOW", value: duration(&c.APIWindow), fallback: "15m",
			help: "The window of RATE_LIMIT_API; longer makes who has passed the limit wait longer."},
		{name: "RATE_LIMIT_UPLOAD", value: whole(&c.UploadRate), fallback: "50",
			help: "Uploads to channels and calls about audio that an address may make in 15 minutes, this machine and callers with the key included; 0 is without limit."},
		{name: "RATE_LIMIT_FILE", value: whole(&c.FileRate), fallback: "100",
			help: "The same calls in 5 minutes; 0 is without limit."},
		{name: "RATE_LIMIT_CHANNEL_MEDIA", value: whole(&c.MediaRate), fallback: "100",
			help: "Uploads to /api/media/channels that an address may make in 15 minutes, this machine and callers with the key included; 0 is without limit."},
		{name: "RATE_LIMIT_CONNECT", value: whole(&c.ConnectRate), fallback: "600",
			help: "Sockets that an address may open in a minute, and wrong keys that it may show there; this machine is not counted, 0 is without limit."},
		{name: "RATE_LIMIT_SOCKET", value: number(&c.SocketRate), fallback: "50",
			help: "Events per second that a socket may send on average; 0 is without limit, so one client can then use all of the server."},
		{name: "RATE_LIMIT_SOCKET_BURST", value: whole(&c.SocketBurst), fallback: "200",
			help: "Events that a socket may send at once before RATE_LIMIT_SOCKET applies."},
		{name: "PARLEY_AGENT_WORKERS", value: whole(&c.AgentWorkers), fallback: "8",
			help: "Turns of agents that run at the same time; more cost memory and model calls."},
		{name: "PARLEY_AGENT_CHAIN", value: whole(&c.AgentChain), fallback: "6",
			help: "Agent messages that may stand in a row in a channel before agents answer only people; more costs model calls nobody asked for."},
		{name: "PARLEY_TURN_TIMEOUT", value: duration(&c.TurnTimeout), fallback: "120s",
			help: "How long an agent may think about one message; longer keeps a worker busy."},
		{name: "PARLEY_BUILTIN_PACE", value: duration(&c.BuiltinPace), fallback: "25ms",
			help: "Pause before each word of the built-in model, together at most 60 times as long per answer; longer keeps a worker busy, 0 answers at once."},
		{name: "PARLEY_DRAIN_TIMEOUT", value: duration(&c.DrainTimeout), fallback: "10s",
			help: "How long a stop may take; connections are ended spread over it, 0 ends them at once."},
	}
}

// taking is how agents take part.
func (c *Config) taking() []setting {
	return []setting{
		{name: "SHOULD_RESPOND_BYPASS_TYPES", value: list(&c.BypassTypes), shown: "none",
			help: "Channel types, separated by commas, in which agents always answer, beside DM, VOICE_DM, SELF and API."},
		{name: "SHOULD_RESPOND_BYPASS_SOURCES", value: list(&c.BypassSources), shown: "none",
			help: "Texts, separated by commas, that make agents answer if a message's source contains one, beside client_chat."},
		{name: "CONTROL_MESSAGES", value: boolean(&c.ControlMessages), fallback: "false",
			help: "Send controlMessage around an agent's turn; it locks the input of everybody in the channel."},
		{name: "LEGACY_LOG_EVENTS", value: boolean(&c.LegacyLogEvents), fallback: "false",
			help: "Send each line of the log to its subscribers as the event logEntry too, beside log_stream; it doubles that traffic."},
	}
}

// characters is where agents and their secrets come from.
func (c *Config) characters() []setting {
	return []setting{
		{name: "SECRET_SALT", value: secret(&c.SecretSalt), shown: "the reference's, which is no secret",
			help: "What agents' secrets are encrypted with (secret). Unset, everybody who sees their encrypted form can read them; changed, those stored before cannot be read any more."},
		{name: "CHARACTER_DIRS", value: list(&c.CharacterDirs), fallback: "./characters",
			help: "Folders, separated by commas, whose character files characterPath may name, beside characters in the data folder and .eliza/data/characters."},
		{name: "USE_CHARACTER_STORAGE", value: boolean(&c.CharacterStorage), fallback: "false",
			help: "At the start, make running agents of the character files in .eliza/data/characters and in characters in the data folder."},
		{name: "REMOTE_CHARACTER_URLS", value: secrets(&c.CharacterURLs), shown: "none",
			help: "Addresses (secret, for there may be tokens in them), separated by commas, of characters to make running agents of at the start."},
		{name: "ALLOW_REMOTE_CHARACTERS", value: boolean(&c.RemoteCharacters), fallback: "false",
			help: "Let characterPath be an address, with https and not in a private network."},
	}
}

// telling is what the server tells about itself.
func (c *Config) telling() []setting {
	return []setting{
		{name: "LOG_LEVEL", aliases: []string{"DEFAULT_LOG_LEVEL"}, value: level(&c.LogLevel), fallback: "info",
			help: "Least level that is logged: trace, debug, info, warn, error or fatal; debug adds a line per operation."},
		{name: "LOG_JSON_FORMAT", value: boolean(&c.LogJSON), fallback: "false",
			help: "Log JSON on a terminal too; elsewhere the log is always JSON."},
		{name: "NODE_ENV", value: text(&c.Environment), fallback: "development",
			help: "production tightens the HTTP headers and turns the web client off unless ELIZA_UI_ENABLE is set."},
		{name: "APP_VERSION", value: text(&c.AppVersion), shown: "the server's version",
			help: "Version that /api/server/health shows."},
		{name: "METRICS_ENABLED", value: boolean(&c.MetricsEnabled), fallback: "false",
			help: "Let everybody read /metrics; else only loopback and administrators."},
		{name: "HEALTH_NO_AGENTS_STATUS", value: whole(&c.NoAgentsStatus), fallback: "200",
			help: "HTTP status of /api/server/health while no agent runs: 200, or 503 as in ElizaOS 1.2.0."},
	}
}
