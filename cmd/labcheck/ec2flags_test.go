package main

import "testing"

// A command that labcheck gives a person to type reaches the nodes that the one
// before did.
func TestAgain(t *testing.T) {
	a := &app{}
	flags := a.root().PersistentFlags()
	if got := a.real.given(); got != nil {
		t.Errorf("of no flags: %q", got)
	}
	typed := []string{"--target=ec2", "--inventory", "my cluster.yaml", "--ssh-jump=manager", "--from-aws", "--aws-tag", "Stage=test", "--aws-tag", "A=b,c", "--quiet"}
	if err := flags.Parse(typed); err != nil {
		t.Fatal(err)
	}
	const want = "labcheck down --target=ec2 --aws-tag=Stage=test --aws-tag=A=b,c --from-aws=true '--inventory=my cluster.yaml' --ssh-jump=manager --yes"
	if got := a.real.commandLine("down", "--yes"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
