package e2e_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestTheContractsEvents runs over both transports.
func TestTheContractsEvents(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			p := start(t)
			t.Log("\n" + node(t, scriptPatience, "features.mjs", p.url, transport))
		})
	}
}

// TestKeyModeAsksForTheKeyAtEveryDoor checks that the log never shows the key either.
func TestKeyModeAsksForTheKeyAtEveryDoor(t *testing.T) {
	const key = "a-key-for-the-tests-only"
	p := start(t, "ELIZA_SERVER_AUTH_TOKEN="+key, "LOG_LEVEL=trace")
	t.Log("\n" + node(t, scriptPatience, "access.mjs", p.url, key))
	if bytes.Contains([]byte(p.log.String()), []byte(key)) {
		t.Error("the log shows the key")
	}
}

// TestJWTModeBindsUsersToTheirTokens checks that the log shows neither the secret nor a token.
func TestJWTModeBindsUsersToTheirTokens(t *testing.T) {
	const secret = "a-secret-of-tokens-for-the-tests-only"
	p := start(t, "PARLEY_AUTH=jwt", "PARLEY_JWT_SECRET="+secret, "PARLEY_JWT_LEEWAY=0s", "LOG_LEVEL=trace")
	t.Log("\n" + node(t, scriptPatience, "tokens.mjs", p.url, secret))
	if log := []byte(p.log.String()); bytes.Contains(log, []byte(secret)) || bytes.Contains(log, []byte("eyJ")) {
		t.Error("the log shows the secret or a token")
	}
}

// TestOpenModeStaysOnLoopback checks that the refusal names both ways out.
func TestOpenModeStaysOnLoopback(t *testing.T) {
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out, err := runUntilEnd(t, bin, t.TempDir(), freePort(t), "SERVER_HOST=0.0.0.0")
	if err == nil || !bytes.Contains(out, []byte("ELIZA_SERVER_AUTH_TOKEN")) || !bytes.Contains(out, []byte("PARLEY_ALLOW_OPEN")) {
		t.Fatalf("err %v, said:\n%s", err, out)
	}
}

// TestChannelsUnderLoad drives 300 sockets in 15 channels at 200 sends per second:
// nothing lost, doubled or out of order, everything acknowledged.
func TestChannelsUnderLoad(t *testing.T) {
	p := start(t, "LOG_LEVEL=warn")
	driver := filepath.Join(t.TempDir(), "parleyload")
	if out, err := exec.Command("go", "build", "-o", driver, "parley/cmd/parleyload").CombinedOutput(); err != nil {
		t.Fatalf("build the driver: %v\n%s", err, out)
	}
	seconds := "15s"
	if testing.Short() {
		seconds = "4s"
	}
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			out, err := exec.Command(driver, "run", "-url", p.url, "-sockets", "300", "-channels", "15", "-rate", "200",
				"-duration", seconds, "-warmup", "1s", "-drain", "30s", "-transport", transport).CombinedOutput()
			t.Logf("\n%s", out)
			if err != nil {
				t.Fatalf("the driver found faults: %v", err)
			}
		})
	}
}
