package suite

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/lang"
	"labcheck/harness/steps"
)

// exampleFeature is what the pages show in each language.
const exampleFeature = `Feature: Our cluster
  @verify
  Scenario: The database has the network
    Then on "db" the network "web" has the driver "overlay"

  Scenario: Our containers talk
    When a container is started on each engine, attached to "web"
    Then each of them reaches every other by name
`

// TestSentencePages holds docs/sentences.md to the sentences that there are. UPDATE=1
// writes the page, in each language.
func TestSentencePages(t *testing.T) {
	groups := regexp.MustCompile(`\([^()]*\)`)
	for _, page := range []struct {
		language    lang.Language
		file, intro string
	}{
		{lang.English, "../../docs/sentences.md", `# Scenarios of your own

[日本語](ja/sentences.md)

` + "`labcheck check --features DIR`" + ` runs the .feature files in a folder instead of labcheck's own, on a lab or, with
` + "`--target ec2`" + `, on a real cluster. They are [Gherkin](https://cucumber.io/docs/gherkin/reference/), with the sentences below: … is a
text, N a number. In Japanese (` + "`--lang ja`, and `# language: ja`" + ` in the file) the sentences are [these](ja/sentences.md).

` + "```gherkin" + `
` + exampleFeature + `` + "```" + `

A scenario that only looks has the tag ` + "`@verify`" + `. One without a tag counts as ` + "`@workload`" + `: it may start containers, which a real
cluster needs ` + "`--allow workload`" + ` for, and labcheck removes these afterwards. [What is verified](claims.md) has the other tags. An
` + "`@id:`" + ` tag names a scenario in results; without one its file and its name do. ` + "`--tags`" + ` takes both.

A sentence that labcheck does not know ends the run before it begins, with the exit code 2.

## The sentences
`},
		{lang.Japanese, "../../docs/ja/sentences.md", `# 自分のシナリオ

[English](../sentences.md)

` + "`labcheck check --features DIR`" + ` は、labcheck のシナリオの代わりに、フォルダにある .feature ファイルを実行します。対象はラボか、
` + "`--target ec2`" + ` なら実在するクラスタです。書式は [Gherkin](https://cucumber.io/docs/gherkin/reference/) で、使える文は下のとおりです。…は文字列、N は
数です。日本語で書くには、ファイルの先頭に ` + "`# language: ja`" + ` と書き、` + "`--lang ja`" + ` を指定します。英語の文は[英語のページ](../sentences.md)にあります。

` + "```gherkin" + `
` + exampleFeature + `` + "```" + `

調べるだけのシナリオには ` + "`@verify`" + ` タグを付けます。タグのないシナリオは ` + "`@workload`" + ` とみなします。コンテナを起動できますが、実在する
クラスタでは ` + "`--allow workload`" + ` が必要です。起動したコンテナは labcheck が削除します。ほかのタグは[検証の内容](claims.md)にあります。結果での
シナリオの名前は ` + "`@id:`" + ` タグであり、なければファイルと名前から作ります。` + "`--tags`" + ` にはどちらも使えます。

labcheck にない文があると、何も実行せずに終了コード 2 で終わります。

## 文の一覧
`},
	} {
		text := page.intro
		for _, e := range steps.Expressions(page.language) {
			readable := groups.ReplaceAllStringFunc(strings.Trim(e.String(), "^$"), func(group string) string {
				if group == `(\d+)` {
					return "N"
				}
				return "…"
			})
			text += fmt.Sprintf("\n- %s", readable)
		}
		text += "\n"
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(page.file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		content, err := os.ReadFile(page.file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(text, string(content)); diff != "" {
			t.Errorf("%s (-sentences +page); UPDATE=1 writes it:\n%s", page.file, diff)
		}
	}
}
