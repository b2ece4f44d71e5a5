// Package load drives a server that speaks Parley's message protocol and checks what
// comes back: N sockets in R channels send at a fixed total rate, and every message must
// reach every other member of its channel, and its sender as an echo, once and in order.
//
// The schedule is fixed before the run (open loop): a late server does not slow it, and
// latencies count from the time a message was due, so a stall is seen by every message
// that it delayed. Each message text begins with a marker (marker.go) that names its
// sender, its place in the sender's and in the channel's row, and when it was due; a
// receiver finds it by bytes and needs no state that a lost message could spoil.
//
// What is checked at each receiver, over all messages of the run, warm-up included:
//
//   - lost: sent to its channel but not received (Report.Lost)
//   - doubled: received again (Report.Doubled)
//   - disordered: received after a later message of the same sender (Report.Disordered)
//   - one order: all members of a channel saw the same order; compared by a hash over
//     the order in every channel in which nothing was lost (Report.SplitChannels)
//   - unacknowledged: sent, but neither messageAck nor ack came (Report.Unacked)
//
// Figures of the server and rates are those between the end of the warm-up and the end
// of sending. Memory is bounded: about 4 KB and two goroutines a socket, and four bytes
// for each pair of members of a channel; nothing grows with the number of messages but
// one sample a second.
package load
