# language: ja
機能: ステップ1:コンテナの起動

  @tutorial @id:start-idler
  シナリオ: 読者がコンテナを起動する
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker run --restart=unless-stopped -d -h idler labcheck/workload
      """
    ならば ターミナルにページと同じ内容が表示される

  @tutorial @id:idler-runs
  シナリオ: コンテナは manager で動いている
    ならば ターミナルに、"manager" で動くコンテナの ID が表示される
    かつ 相違の一覧にあるものは、ここまでの表示にすべて現れた
