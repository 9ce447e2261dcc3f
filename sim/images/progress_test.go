package images

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// replay gives a recorded answer to a transcript.
func replay(t *testing.T, file string) (steps []string, err error) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	said := &transcript{onStep: func(s string) { steps = append(steps, s) }}
	err = readMessages(bytes.NewReader(content), func(m message) { said.add(m.Stream) })
	if err != nil {
		err = said.failure(Consul, err)
	}
	return steps, err
}

func TestFailedBuildSaysWhichStepAndItsLastLines(t *testing.T) {
	_, err := replay(t, "testdata/build-failed.json")
	var failed *BuildError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want a *BuildError", err)
	}
	want := &BuildError{
		Image:  Consul,
		Step:   "4/4: RUN set -eux;     seq 1 40 | sed 's/^/line /';     ls /nowhere;     echo not reached",
		Reason: "returned a non-zero code: 2",
		Lines: []string{
			"line 28", "line 29", "line 30", "line 31", "line 32", "line 33", "line 34",
			"line 35", "line 36", "line 37", "line 38", "line 39", "line 40",
			"+ ls /nowhere", "ls: cannot access '/nowhere': No such file or directory",
		},
	}
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Error(diff)
	}
	text := `build image consul: step 4/4: RUN set -eux; seq 1 40 | sed 's/^/line /'; ls /nowhere; echo not reached: returned a non-zero code: 2
    line 28
`
	if !strings.HasPrefix(err.Error(), text) {
		t.Errorf("got %q", err)
	}
}

func TestDoneBuildTellsItsSteps(t *testing.T) {
	steps, err := replay(t, "testdata/build-done.json")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1/3: FROM scratch", "2/3: COPY Dockerfile /", `3/3: CMD ["x"]`}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
}

func TestCutOffAnswerIsAnError(t *testing.T) {
	if err := readMessages(strings.NewReader(`{"stream":"Step 1/4 : ARG`), func(message) {}); err == nil {
		t.Error("no error")
	}
}

func TestTranscriptShowsWhatAProgressBarEndedWith(t *testing.T) {
	said := &transcript{onStep: func(string) {}}
	said.add("Get:1 10%\rGet:1 50%\rGet:1 done\r\n")
	if diff := cmp.Diff([]string{"Get:1 done"}, said.lines); diff != "" {
		t.Error(diff)
	}
}

func FuzzMessages(f *testing.F) {
	for _, file := range []string{"testdata/build-failed.json", "testdata/build-done.json"} {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		said := &transcript{onStep: func(string) {}}
		err := readMessages(bytes.NewReader(content), func(m message) { said.add(m.Stream) })
		if len(said.lines) > keptLines {
			t.Errorf("%d lines", len(said.lines))
		}
		if err != nil && said.failure(Node, err).Error() == "" {
			t.Error("an error without a text")
		}
	})
}
