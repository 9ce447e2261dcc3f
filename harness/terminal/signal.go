package terminal

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// ExitAtSecondSignal ends the process with an exit code at the second signal. The first one lets the
// command clean up; after the second, the watchdog cleans up.
func ExitAtSecondSignal(s *Screen, code int) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		<-signals
		go s.LeaveTo(func() { os.Exit(code) })
		time.Sleep(time.Second) // a terminal that Ctrl-S has stopped takes nothing
		os.Exit(code)
	}()
}
