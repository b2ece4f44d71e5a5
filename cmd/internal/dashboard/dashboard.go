// Package dashboard holds the Grafana dashboard of the server, so that who has the program
// has the one that fits its metrics: parley grafana prints it.
package dashboard

import _ "embed"

// grafana is the dashboard's JSON.
//
//go:embed parley.json
var grafana string

// Grafana is the dashboard, to be imported: it asks for a Prometheus data source.
func Grafana() string { return grafana }
