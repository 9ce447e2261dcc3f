// Command recording draws a recording of a terminal (asciicast v2) as an animated SVG
// for README, without scripts. It takes one in which text is only appended, such as
// the tutorial.cast of a run:
//
//	go run ./.ci/recording build/e2e/tutorial.cast >docs/tutorial.svg
package main

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"unicode/utf8"
)

// The picture's terminal. Commands that are wider go on in the next line, outputs are
// cut off at the edge.
const (
	columns    = 100
	rows       = 26
	charWidth  = 8.4 // pixels, at a font size of 14
	lineHeight = 19
	padding    = 14
	longest    = 1.5 // seconds to which a wait is shortened
	speed      = 1.6
	lastPause  = 5 // seconds, before it begins again
)

// line is a line on the terminal: what is on it at once, and what is typed behind that.
type line struct {
	text         string
	typedFrom    int     // characters
	shown, typed float64 // seconds: when it appears, and when it is complete
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("recording: want one file, a .cast")
	}
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal("recording: ", err)
	}
	defer file.Close()
	lines, end, err := readCast(file)
	if err != nil {
		log.Fatalf("recording: %s: %v", file.Name(), err)
	}
	out := bufio.NewWriter(os.Stdout)
	drawRecording(out, lines, end+lastPause)
	if err := out.Flush(); err != nil {
		log.Fatal("recording: ", err)
	}
}

// readCast returns the lines that a terminal shows in the end, and when it ends.
func readCast(r io.Reader) (lines []line, now float64, err error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	in.Scan() // the header
	last := 0.0
	for in.Scan() {
		event := make([]any, 0, 3)
		if err := json.Unmarshal(in.Bytes(), &event); err != nil || len(event) != 3 {
			return nil, 0, fmt.Errorf("not an event: %q: %v", in.Text(), err)
		}
		at, _ := event[0].(float64)
		text, _ := event[2].(string)
		now += min(at-last, longest) / speed
		last = at
		lines = appendText(lines, text, now)
	}
	return lines, now, in.Err()
}

// appendText writes text at the end of what is on the terminal.
func appendText(lines []line, text string, now float64) []line {
	for i, more := range strings.Split(strings.ReplaceAll(text, "\r", ""), "\n") {
		isKey := utf8.RuneCountInString(more) == 1
		if i > 0 || lines == nil {
			lines = append(lines, line{shown: now})
		} else if isKey && utf8.RuneCountInString(lines[len(lines)-1].text) == columns {
			lines = append(lines, line{shown: now, text: more}) // nothing of it is there at once
			continue
		}
		current := &lines[len(lines)-1]
		if more != "" && current.text == "" {
			current.typedFrom = utf8.RuneCountInString(more)
			current.shown = now
		}
		current.text += more
		current.typed = now
	}
	return lines
}

const style = `
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3;white-space:pre}
.b{fill:#0d1117}.p{fill:#7ee787}.h{fill:#79c0ff;font-weight:bold}
@media(prefers-color-scheme:light){text{fill:#1f2328}.b{fill:#f6f8fa}.p{fill:#116329}.h{fill:#0550ae}}
g,.c{animation:%.1fs infinite step-end}
@media(prefers-reduced-motion:reduce){g{animation:none}.c{display:none}}
`

// drawRecording writes the picture. It shows all lines one below the other, moves them up, and
// uncovers them from top to bottom and what is typed from left to right.
func drawRecording(w io.Writer, lines []line, length float64) {
	width, height := int(columns*charWidth)+2*padding, rows*lineHeight+2*padding
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img">`, width, height)
	fmt.Fprintf(w, "<title>The tutorial in a terminal</title>\n<style>"+style, length)
	var scroll, cover strings.Builder
	for i, l := range lines {
		if i+1 < len(lines) && lines[i+1].shown == l.shown {
			continue // the next line appears together with this one
		}
		at := 100 * l.shown / length
		if i < rows {
			fmt.Fprintf(&cover, "%.3f%%{transform:translateY(%dpx)}", at, (i+1)*lineHeight)
		} else {
			fmt.Fprintf(&scroll, "%.3f%%{transform:translateY(%dpx)}", at, (rows-1-i)*lineHeight)
		}
		if i >= rows && !strings.Contains(cover.String(), "4000px") {
			fmt.Fprintf(&cover, "%.3f%%{transform:translateY(4000px)}", at)
		}
	}
	fmt.Fprintf(w, "@keyframes s{0%%{transform:none}%s}\n@keyframes v{0%%{transform:none}%s}\n", &scroll, &cover)
	var texts strings.Builder
	for i, l := range lines {
		drawLine(w, &texts, i, l, length)
	}
	fmt.Fprintf(w, "</style>\n"+`<rect class="b" stroke="#808080" stroke-opacity=".4" width="%d" height="%d" rx="8"/>`+"\n",
		width, height)
	fmt.Fprintf(w, `<svg x="%d" y="%d" width="%d" height="%d"><g style="animation-name:s">`,
		padding, padding, width-2*padding, rows*lineHeight)
	fmt.Fprintf(w, "\n%s"+`<rect class="b c" style="animation-name:v" x="-5" width="110%%" height="4000"/>`, &texts)
	fmt.Fprintln(w, "</g></svg>\n</svg>")
}

// drawLine writes a line, and the style of what covers it while it is typed.
func drawLine(style io.Writer, texts *strings.Builder, i int, l line, length float64) {
	runes := []rune(l.text)
	if len(runes) == 0 {
		return
	}
	visible := runes[:min(columns, len(runes))]
	class, prompt := "", min(l.typedFrom, len(visible))
	if strings.HasPrefix(l.text, "# ") {
		class = ` class="h"`
	}
	isTyped := l.typed > l.shown && len(visible) > prompt
	fmt.Fprintf(texts, `<text y="%d"%s textLength="%.0f">`, i*lineHeight+14, class, float64(len(visible))*charWidth)
	if isTyped {
		fmt.Fprintf(texts, `<tspan class="p">%s</tspan>`, escapeXML(visible[:prompt]))
		visible = visible[prompt:]
	}
	fmt.Fprintf(texts, "%s</text>\n", escapeXML(visible))
	if !isTyped {
		return
	}
	fmt.Fprintf(style, "@keyframes k%d{0%%,%.3f%%{transform:none;animation-timing-function:steps(%d)}"+
		"%.3f%%,to{transform:translateX(%.0fpx)}}\n",
		i, 100*l.shown/length, len(visible), 100*l.typed/length, float64(len(visible))*charWidth)
	fmt.Fprintf(texts, `<rect class="b c" style="animation-name:k%d" x="%.0f" y="%d" width="100%%" height="%d"/>`+"\n",
		i, float64(prompt)*charWidth, i*lineHeight, lineHeight)
}

func escapeXML(text []rune) string {
	var s strings.Builder
	_ = xml.EscapeText(&s, []byte(string(text))) // a strings.Builder has no error
	return s.String()
}
