package sio

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// childRole names, in the environment, what a copy of the test binary is to do: what
// would kill the tests, or what must not share their scheduler.
const childRole = "PARLEY_SIO_TEST_CHILD"

// TestMain runs the tests, or a child's work.
func TestMain(m *testing.M) {
	switch role, argument, _ := strings.Cut(os.Getenv(childRole), " "); role {
	case "stock":
		runStockChild()
	case "dial":
		runDialChild(argument)
	default:
		os.Exit(m.Run())
	}
}

// startChild starts a copy of the test binary; its lines can be read from the result.
func startChild(t testing.TB, role string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(out)
}

// runStockChild serves the stock server, says where, and ends with its input.
func runStockChild() {
	sub := &subject{numbers: map[string][]int{}}
	h := httptest.NewServer(stockHandler(sub))
	fmt.Println(h.URL) //nolint:forbidigo // read by the parent
	time.Sleep(time.Minute)
}

// dialEagerly lets a child connect that many WebSocket clients at once, each of which
// sends its CONNECT as soon as it can, and returns how many were not accepted.
func dialEagerly(t *testing.T, s *subject, count int) (left int) {
	t.Helper()
	cmd, out := startChild(t, fmt.Sprintf("dial %s %d %s", strings.TrimPrefix(s.url, "http://"), count, s.patience()))
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatalf("the clients said %q: %v", line, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	left, err = strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// runDialChild is dialEagerly's child.
func runDialChild(argument string) {
	var address, within string
	var count int
	_, _ = fmt.Sscan(argument, &address, &count, &within)
	patience, _ := time.ParseDuration(within)
	var accepted atomic.Int64
	var ready, wg sync.WaitGroup
	ready.Add(count)
	for range count {
		wg.Go(func() {
			conn, err := net.Dial("tcp", address)
			ready.Done()
			ready.Wait()
			if err == nil && connectEagerly(conn, address, patience) {
				accepted.Add(1)
			}
		})
	}
	wg.Wait()
	fmt.Println(count - int(accepted.Load())) //nolint:forbidigo // read by the parent
}

// connectEagerly does both handshakes on a connection, byte by byte as they come, and
// waits for the answer to its CONNECT.
func connectEagerly(conn net.Conn, address string, patience time.Duration) bool {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = fmt.Fprintf(conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", address)
	var got []byte
	buf := make([]byte, 512)
	for sent := false; ; {
		n, err := conn.Read(buf)
		got = append(got, buf[:n]...)
		if bytes.Contains(got, []byte(`40{"sid"`)) {
			return true
		}
		if !sent && bytes.Contains(got, []byte("\r\n\r\n")) {
			sent = true
			_, _ = conn.Write([]byte{0x81, 0x82, 0, 0, 0, 0, '4', '0'})
		}
		if err != nil {
			return false
		}
	}
}

// drain reads a child's output to its end.
func drain(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
