package terminal

import "golang.org/x/term"

// PassKeys has the terminal pass every key on, until restore is called. It sends the
// terminal's columns and rows, and again when they change.
func (s *Screen) PassKeys() (sizes <-chan [2]uint, restore func(), err error) {
	fd := int(s.In.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, nil, err
	}
	all := make(chan [2]uint, 1)
	send := func() {
		if width, height, err := term.GetSize(fd); err == nil {
			select {
			case <-all: // an older size
			default:
			}
			all <- [2]uint{uint(width), uint(height)}
		}
	}
	stop := onResize(send)
	return all, func() {
		stop()
		_ = term.Restore(fd, before)
	}, nil
}
