// Package composetest reads docker-compose.yml for the tests, which have no container
// engine: they hold the file against the official schema and against the settings that
// exist, and run the balancer that stands in it, as a process.
//
// testdata/compose-spec.json is the schema of the Compose Specification as
// github.com/compose-spec/compose-go v2.16.2 has it (schema/compose-spec.json; Apache-2.0,
// see https://github.com/compose-spec/compose-spec).
package composetest
