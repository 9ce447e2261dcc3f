package harness

// GroupBy puts items with the same key together, in the order of their first ones.
func GroupBy[T any, K comparable](all []T, key func(T) K) [][]T {
	var groups [][]T
	at := map[K]int{} // of groups, by key
	for _, item := range all {
		k := key(item)
		if _, known := at[k]; !known {
			at[k] = len(groups)
			groups = append(groups, nil)
		}
		groups[at[k]] = append(groups[at[k]], item)
	}
	return groups
}

// MostFrequent returns the value that is there most often, of several the first. Empty
// values do not count.
func MostFrequent(values []string) (most string) {
	counts := map[string]int{}
	for _, v := range values {
		if v != "" {
			counts[v]++
		}
	}
	for _, v := range values {
		if counts[v] > counts[most] {
			most = v
		}
	}
	return most
}
