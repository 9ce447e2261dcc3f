package diagnose

// Sections are those of README that findings name.
var Sections = []string{hostsSection, consulSection, managerSection, joinsSection, networkSection, unexplainedSection}
