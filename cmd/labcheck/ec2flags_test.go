package main

import "testing"

// A command that labcheck gives a person to type reaches the nodes that the one
// before did.
func TestAgain(t *testing.T) {
	a := &app{}
	root := a.root()
	if got := a.commandLine("fault list"); got != "labcheck fault list" {
		t.Errorf("of no flags: %q", got)
	}
	typed := []string{"--target=ec2", "--inventory", "my cluster.yaml", "--ssh-jump=manager", "--from-aws", "--aws-tag", "Stage=test", "--aws-tag", "A=b,c", "--quiet"}
	if err := root.ParseFlags(typed); err != nil {
		t.Fatal(err)
	}
	const want = "labcheck down --target ec2 --inventory 'my cluster.yaml' --aws-tag Stage=test --aws-tag A=b,c --from-aws --ssh-jump manager --yes"
	if got := a.commandLine("down", "--yes"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
