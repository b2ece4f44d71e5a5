package sqlite_test

import (
	"strings"
	"testing"

	"parley/storage"
	"parley/storage/sqlite"
	"parley/storage/storagetest"
)

// wholeTable lists what a statement of the store may do beyond a search by index, and why.
var wholeTable = []struct{ statement, step, reason string }{
	{"FROM servers WHERE retired = 0 ORDER BY name", "SCAN servers USING INDEX servers_by_name", "lists all servers, in the order of an index"},
	{"FROM agents ORDER BY name", "SCAN agents USING INDEX sqlite_autoindex_agents_2", "lists all agents, in the order of an index"},
	{"FROM channels c WHERE 1", "SCAN c USING INDEX channels_by_update", "lists channels in the order of an index, up to a limit"},
	{"FROM participants p CROSS JOIN", "USE TEMP B-TREE FOR ORDER BY", "sorts the channels of one participant, which are few"},
	{"AS beyond", "SCAN beyond", "counts the rows of an index range, which a limit bounds"},
	{"FROM channels c INDEXED BY channels_by_source", "USE TEMP B-TREE FOR ORDER BY", "sorts the channels of one source, which are one or two"},
	{"FROM servers INDEXED BY servers_retired", "SCAN servers USING COVERING INDEX servers_retired", "lists the servers being deleted, which are few, by an index of only them"},
	{"FROM channels c INDEXED BY channels_unswept", "SCAN c USING INDEX channels_unswept", "lists the channels being swept, which are few, by an index of only them"},
	{"FROM messages m INDEXED BY messages_untold", "SCAN m USING INDEX messages_untold", "lists the changes being told, which are few, by an index of only them"},
	{"FROM remains ORDER BY", "SCAN remains", "lists the deleted channels being swept, which are few"},
	{"FROM worlds INDEXED BY worlds_by_time", "SCAN worlds USING INDEX worlds_by_time", "lists all worlds in the order of an index, up to a limit"},
	{"FROM files f WHERE f.state = 'stored'", "SCAN f USING INDEX files_stored", "lists files in the order of an index, up to a limit"},
	{"SELECT count(*) FROM files f", "SCAN f USING COVERING INDEX files_stored", "counts all files, in an index of nothing else"},
	{"FROM files f INDEXED BY files_unfinished", "SCAN f USING INDEX files_unfinished", "lists unfinished files, which are few, by an index of only them"},
	{"SELECT 1", "SCAN CONSTANT ROW", "reads nothing"},
	{"INSERT INTO participants", "SCAN CONSTANT ROW", "inserts one row"},
}

// allowed reports whether the table above lists a step.
func allowed(statement, step string) bool {
	for _, w := range wholeTable {
		if strings.Contains(statement, w.statement) && step == w.step {
			return true
		}
	}
	return false
}

func TestEveryStatementOfTheContractUsesAnIndex(t *testing.T) {
	set := open(t)
	t.Run("contract", func(t *testing.T) {
		whole := t.Name()
		storagetest.Run(t, func(t *testing.T) *storage.Set {
			if t.Name() == whole { // for a group of cases, not for a case that closes its Set
				return &storage.Set{Backend: stayOpen{set.Backend}, Messaging: set.Messaging, Agents: set.Agents, AgentLogs: set.AgentLogs,
					Memory: set.Memory, Files: set.Files}
			}
			return open(t)
		})
	})
	plans, err := sqlite.Plans(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	if len(plans) < 30 {
		t.Errorf("only %d statements were recorded", len(plans))
	}
	for statement, steps := range plans {
		t.Logf("%.60q: %q", strings.Join(strings.Fields(statement), " "), steps)
		for _, step := range steps {
			if (strings.Contains(step, "SCAN") || strings.Contains(step, "TEMP B-TREE")) && !allowed(statement, step) {
				t.Errorf("%q\n\tdoes %s", statement, step)
			}
		}
	}
	if err := set.Close(); err != nil {
		t.Error(err)
	}
}

// stayOpen is a backend that the contract's end does not close.
type stayOpen struct{ storage.Backend }

// Close does nothing.
func (stayOpen) Close() error { return nil }
