package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// talkBlocks are the examples of the README's part about talking to the server, by their
// language.
func talkBlocks(t *testing.T) map[string]string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(file), "..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(text), "\n## Talk to it\n")
	part, _, _ = strings.Cut(part, "\n## ")
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)\n```(\\w+)\n(.*?)\n```\n").FindAllStringSubmatch(part, -1) {
		blocks[m[1]] = m[2]
	}
	return blocks
}

// TestTheExamplesOfTheReadmeWorkAsTyped runs them on a new installation: over both doors
// Eliza answers.
func TestTheExamplesOfTheReadmeWorkAsTyped(t *testing.T) {
	port, blocks := installed(t), talkBlocks(t)
	commands := regexp.MustCompile(`\n(?:curl )`).Split("\n"+blocks["sh"], -1)[1:]
	if len(commands) < 3 {
		t.Fatalf("the README has %d commands", len(commands))
	}
	var last map[string]any
	for _, command := range commands {
		last = typed(t, port, "curl -s "+command)
	}
	answer, _ := last["agentResponse"].(map[string]any)
	if text, _ := answer["text"].(string); text == "" {
		t.Errorf("nobody answers the last command: %v", last)
	}

	// The program goes on listening; the end is the test's.
	program := strings.ReplaceAll(blocks["js"], localhost, "http://localhost:"+port) +
		"\nsocket.on(\"messageComplete\", () => { socket.close(); });\n"
	_, file, _, _ := runtime.Caller(0)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--input-type=module", "-e", program)
	cmd.Dir = filepath.Join(filepath.Dir(file), "js") // where socket.io-client is
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Ann Hello Eliza") || !strings.Contains(string(out), " Eliza ") {
		t.Errorf("the program: %v\n%s", err, out)
	}
}
