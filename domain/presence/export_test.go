package presence

// Size is how many rooms and sockets a tracker remembers.
func Size(l *Local) (rooms, sockets int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.rooms), len(l.sockets)
}

// MarkTold lets every room believe what is so, without the time that telling takes.
func MarkTold(l *Local) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rooms {
		for _, s := range r.seats {
			s.moveTo(nil)
			s.told = s.sockets > 0
		}
	}
}
