package e2e_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// localhost is where the commands below are told to send their requests.
const localhost = "http://localhost:3000"

// typed runs a command as somebody types it, in a folder of its own; only the port and
// {placeholders} are replaced. It returns the answer's data, or all of it if it has none.
func typed(t *testing.T, port, command string, filled ...string) map[string]any {
	t.Helper()
	command = strings.ReplaceAll(command, localhost, "http://localhost:"+port)
	command = strings.NewReplacer(filled...).Replace(command)
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v (curl and bash must be installed)", command, err)
	}
	var answer map[string]any
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%s:\n%s", command, out)
	}
	if success, told := answer["success"].(bool); told && !success {
		t.Fatalf("%s:\n%s", command, out)
	}
	if data, ok := answer["data"].(map[string]any); ok {
		return data
	}
	return answer
}

// installed runs the program as after its installation: no setting but the port, a folder
// without anything in it. It returns the port.
func installed(t *testing.T) string {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir, port := t.TempDir(), strconv.Itoa(freePort(t))
	log := &lockedBuffer{}
	cmd := exec.Command(bin)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "SERVER_PORT=" + port}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the server's log:\n%s", tail(log.String(), 8000))
		}
	})
	eventually(t, "the server is ready", func() error {
		return expectStatus("http://"+net.JoinHostPort("127.0.0.1", port)+"/readyz", http.StatusOK)
	})
	return port
}

// TestTheFirstStepsWorkAsTyped goes the way from nothing to the first answer of an agent
// with the commands that a newcomer is given.
func TestTheFirstStepsWorkAsTyped(t *testing.T) {
	scenario(t, inFull, func(t *testing.T, on topology) {
		if on == one {
			firstSteps(t, installed(t))
			return
		}
		address, err := url.Parse(on.start(t).url)
		if err != nil {
			t.Fatal(err)
		}
		firstSteps(t, address.Port())
	})
}

// firstSteps types the commands at a server that listens on a port; see the test.
func firstSteps(t *testing.T, port string) {
	t.Helper()
	health := typed(t, port, `curl http://localhost:3000/api/server/health`)
	if health["status"] != "OK" {
		t.Fatalf("health is %v", health)
	}
	agent, _ := typed(t, port, `curl -X POST http://localhost:3000/api/agents \
  -H "Content-Type: application/json" \
  -d '{"characterPath": "./characters/example.json"}'`)["id"].(string)
	if agent == "" {
		t.Fatal("the agent has no id")
	}
	started := typed(t, port, `curl -X POST http://localhost:3000/api/agents/{agentId}/start`, "{agentId}", agent)
	if started["status"] != "active" {
		t.Fatalf("started: %v", started)
	}

	const user = "22222222-2222-4222-8222-222222222222"
	channel, _ := typed(t, port, `curl -X POST http://localhost:3000/api/messaging/central-channels \
  -H "Content-Type: application/json" \
  -d '{"name": "First", "server_id": "00000000-0000-0000-0000-000000000000", "type": "DM",
       "participantCentralUserIds": ["{userId}", "{agentId}"], "metadata": {"isDm": true}}'`, "{userId}", user, "{agentId}", agent)["id"].(string)
	if channel == "" {
		t.Fatal("the channel has no id")
	}
	fill := []string{"{channelId}", channel, "{userId}", user, "{agentId}", agent}
	answered := typed(t, port, `curl -X POST http://localhost:3000/api/messaging/central-channels/{channelId}/messages \
  -H "Content-Type: application/json" \
  -d '{"author_id": "{userId}", "server_id": "00000000-0000-0000-0000-000000000000", "content": "Hello, how are the tomatoes?",
       "source_type": "client_chat", "transport": "http"}'`, fill...)
	answer, _ := answered["agentResponse"].(map[string]any)
	if text, _ := answer["text"].(string); text == "" || answer["agentId"] != agent {
		t.Fatalf("the agent does not answer: %v", answered)
	}
	typed(t, port, `curl -X POST http://localhost:3000/api/messaging/submit \
  -H "Content-Type: application/json" \
  -d '{"channel_id": "{channelId}", "server_id": "00000000-0000-0000-0000-000000000000", "author_id": "{agentId}",
       "content": "I have been submitted.", "source_type": "agent_response", "raw_message": {"text": "I have been submitted."}}'`, fill...)
	list, _ := typed(t, port, `curl http://localhost:3000/api/messaging/central-channels/{channelId}/messages`, fill...)["messages"].([]any)
	var texts []string
	for _, m := range list {
		text, _ := m.(map[string]any)["content"].(string)
		texts = append(texts, text)
	}
	if len(texts) != 3 || texts[0] != "I have been submitted." || texts[1] != answer["text"] || texts[2] != "Hello, how are the tomatoes?" {
		t.Fatalf("the channel holds %q", texts)
	}
}
