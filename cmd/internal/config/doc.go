// Package config holds the server's settings: one table says each setting's name,
// default and meaning, and everything else is derived from it: the environment
// variable, the key in the config file, the flag, the help text, the table in the
// README (Markdown) and what check-config prints.
//
// # Sources
//
// In rising priority: defaults, the config file (a JSON object; --config or
// PARLEY_CONFIG), the nearest .env from the working directory upwards, the
// environment, flags. An empty value counts as not given. Names nobody knows are
// reported: an unknown flag is an error, an unknown key of the file or PARLEY_*
// variable a warning that names the likely one.
//
// # Why it is so
//
// The environment names are the reference's wherever it has one, so that an
// ElizaOS .env starts Parley; settings of the reference that do nothing here are
// known by name and reported as such instead of being silently ignored. What would
// change where data is kept, but is not used, is refused.
// Load gets its surroundings as a Source, so tests need neither a changed
// environment nor a changed working directory.
package config
