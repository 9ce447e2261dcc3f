package diagnose

// Sections are those of README that findings name.
var Sections = []string{hostsSection, consulSection, managerSection, joinsSection, networkSection, unexplainedSection}

// ClaimHosts are the claims of the table, by id, and of those that are by host
// the hosts of their rows.
func ClaimHosts() map[string][]string {
	d := testDiagnosis()
	all := map[string][]string{}
	for _, c := range claims {
		all[c.id] = nil
		if c.byHost() {
			all[c.id] = d.hostsOf(c.rows)
		}
	}
	return all
}
