package steps

import "labcheck/harness/lang"

// words are the words of the features which the code below reads: properties
// in sentences and headings of tables. What engines print is not among them.
func words() []lang.Text {
	return []lang.Text{
		{EN: "state"},
		{EN: "restart policy"},
		{EN: "host name"},
		{EN: "published port"},
		{EN: "command"},
		{EN: "process"},
		{EN: "discovery"},
		{EN: "advertised address"},
		{EN: "name"},
		{EN: "CPUs"},
		{EN: "total memory"},
		{EN: "cluster store"},
		{EN: "cluster advertise"},
		{EN: "role"},
		{EN: "strategy"},
		{EN: "nodes"},
		{EN: "node"},
		{EN: "address"},
		{EN: "port"},
		{EN: "driver"},
	}
}

// english gives a word of the features, in whichever language it is, as the
// code has it. Any other text stays what it is.
func english(word string) string {
	for _, t := range words() {
		if word == t.In(lang.Japanese) {
			return t.EN
		}
	}
	return word
}
