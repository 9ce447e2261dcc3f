package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"labcheck/harness/diagnose"
	"labcheck/harness/lang"
	"labcheck/harness/report"
)

func newExplainCommand(a *app) *cobra.Command {
	var codes []string
	for _, c := range diagnose.Codes() {
		codes = append(codes, c.Code)
	}
	return &cobra.Command{
		Use: "explain [CODE...]", Short: a.lang.Say("Explain the code of a finding, without a cluster"),
		Long: a.lang.Say(`explain prints what a code of diagnose means, how it looks, why it happens and
how to fix it. It needs neither a lab nor a network. Without a code it lists
all.`),
		Args: cobra.ArbitraryArgs, ValidArgs: codes,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return explainCodes(a, codes, listCodes)
			}
			return explainCodes(a, args, printExplained)
		},
	}
}

// codesDocument is what --json prints.
type codesDocument struct {
	Codes []diagnose.Explained `json:"codes"`
}

// explainCodes prints what is known of some codes; of all of them, or an error.
func explainCodes(a *app, codes []string, write func(*app, []diagnose.Explained)) error {
	var all []diagnose.Explained
	for _, code := range codes {
		e, ok := diagnose.Explain(code, a.lang)
		if !ok {
			return usageError(lang.Errorf("there is no code %s", code), hintOfCode(code))
		}
		all = append(all, e)
	}
	if !a.printJSON(codesDocument{all}) {
		write(a, all)
	}
	return nil
}

// hintOfCode returns the command that explains a code of a similar name, or lists
// all.
func hintOfCode(code string) string {
	all := diagnose.Codes()
	layer, _, _ := strings.Cut(code, "-")
	if !slices.ContainsFunc(all, func(c diagnose.Code) bool { return strings.HasPrefix(c.Code, layer+"-") }) {
		return "labcheck explain"
	}
	return "labcheck explain | grep ^" + layer
}

// listCodes prints codes, a line each.
func listCodes(a *app, all []diagnose.Explained) {
	for _, e := range all {
		fmt.Fprintf(a.out, "%-24s %s\n", e.Code, e.Means)
	}
}

func printExplained(a *app, all []diagnose.Explained) {
	// A closed stdout has nobody to tell.
	_ = report.Explanations(a.out, a.lang, all, report.TerminalOptions{Color: a.canColor(a.out)})
}
