package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"labcheck/harness/diagnose"
	"labcheck/harness/lang"
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
				return listCodes(a)
			}
			return explainCodes(a, args)
		},
	}
}

// codesDocument is what --json prints.
type codesDocument struct {
	Codes []diagnose.Explained `json:"codes"`
}

func listCodes(a *app) error {
	all := diagnose.Codes()
	if a.json {
		var explained []diagnose.Explained
		for _, c := range all {
			e, _ := diagnose.Explain(c.Code, a.lang)
			explained = append(explained, e)
		}
		a.printJSON(codesDocument{explained})
		return nil
	}
	for _, c := range all {
		fmt.Fprintf(a.out, "%-24s %s\n", c.Code, c.TitleIn(a.lang))
	}
	return nil
}

// explainCodes prints what is known of some codes; of all of them, or an error.
func explainCodes(a *app, codes []string) error {
	var all []diagnose.Explained
	for _, code := range codes {
		e, ok := diagnose.Explain(code, a.lang)
		if !ok {
			return usageError(lang.Errorf("there is no code %s", code), hintOfCode(code))
		}
		all = append(all, e)
	}
	if a.printJSON(codesDocument{all}) {
		return nil
	}
	for i, e := range all {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		printExplained(a, e)
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

// explainWidth is how wide texts are at the most.
const explainWidth = 76

func printExplained(a *app, e diagnose.Explained) {
	paint := func(s string) string { return s }
	if a.canColor(a.out) {
		paint = func(s string) string { return text.Bold.Sprint(s) }
	}
	fmt.Fprintf(a.out, "%s: %s\n", paint(e.Code), e.Means)
	for _, p := range e.Parts(a.lang) {
		fmt.Fprintf(a.out, "\n%s\n", paint(p.Title))
		for _, line := range p.Lines {
			if !p.IsCode {
				line = text.WrapSoft(line, explainWidth)
			}
			fmt.Fprintln(a.out, "  "+strings.ReplaceAll(line, "\n", "\n  "))
		}
	}
}
