package engine

// EmptyMessage is what Gossip sends.
func EmptyMessage() ([]byte, error) {
	s, err := emptyState()
	if err != nil {
		return nil, err
	}
	return s.encodeMessage()
}
