package load

// windowBits is how many of the newest numbers a window remembers one by one.
const windowBits = 1 << 14

// window knows which numbers of a row have arrived: exactly among the newest 16,384
// (2 KB), and below them none is counted any more. It is not safe for concurrent use.
type window struct {
	next uint32 // above the highest number seen
	seen [windowBits / 64]uint64
}

// add notes a number and reports whether it is new. What lies below the window is
// reported as known: late by 16,384 messages is as good as lost.
func (w *window) add(n uint32) bool {
	switch {
	case n >= w.next:
		w.advance(n + 1)
	case w.next-n > windowBits:
		return false
	case w.seen[n%windowBits/64]&(1<<(n%64)) != 0:
		return false
	}
	w.seen[n%windowBits/64] |= 1 << (n % 64)
	return true
}

// advance moves the upper end and forgets what falls out at the lower one.
func (w *window) advance(next uint32) {
	if next-w.next >= windowBits {
		clear(w.seen[:])
	} else {
		for n := w.next; n != next; n++ {
			w.seen[n%windowBits/64] &^= 1 << (n % 64)
		}
	}
	w.next = next
}
