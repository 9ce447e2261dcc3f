package steps

import "labcheck/harness"

// words are the words of the features which the code below reads: properties
// in sentences and headings of tables. What engines print is not among them.
func words() []harness.Text {
	return []harness.Text{
		{EN: "state", JA: "状態"},
		{EN: "restart policy", JA: "再起動ポリシー"},
		{EN: "host name", JA: "ホスト名"},
		{EN: "published port", JA: "公開ポート"},
		{EN: "command", JA: "コマンド"},
		{EN: "process", JA: "プロセス"},
		{EN: "discovery", JA: "ディスカバリ"},
		{EN: "advertised address", JA: "アドバタイズ・アドレス"},
		{EN: "name", JA: "名前"},
		{EN: "CPUs", JA: "CPU 数"},
		{EN: "total memory", JA: "総メモリ"},
		{EN: "cluster store", JA: "クラスタ・ストア"},
		{EN: "cluster advertise", JA: "クラスタ・アドバタイズ"},
		{EN: "role", JA: "役割"},
		{EN: "strategy", JA: "ストラテジ"},
		{EN: "nodes", JA: "ノード数"},
		{EN: "node", JA: "ノード"},
		{EN: "address", JA: "アドレス"},
		{EN: "port", JA: "ポート"},
		{EN: "driver", JA: "ドライバ"},
	}
}

// english gives a word of the features, in whichever language it is, as the
// code has it. Any other text stays what it is.
func english(word string) string {
	for _, t := range words() {
		if word == t.JA {
			return t.EN
		}
	}
	return word
}
