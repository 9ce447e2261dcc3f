# language: ja
機能: ステップ4:作業内容の確認
  クラスタは完成した。Swarm と Consul のコンテナは manager のデフォルトの
  ブリッジ・ネットワークで動き、mynet には接続していない。

  @tutorial @id:inspect-bridge @needs:consul-box @needs:manager-box @on:manager
  シナリオ: Consul と Swarm マネージャは manager の bridge ネットワークにある
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker -H=tcp://192.168.33.11:2375 network inspect bridge
      """
    ならば ターミナルのネットワーク "bridge" には、Consul と Swarm マネージャのコンテナが接続している

  @tutorial @id:inspect-mynet @needs:consul-box @needs:manager-box @needs:network @on:manager
  シナリオ: どちらも mynet にはない
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker -H=tcp://192.168.33.11:2375 network inspect mynet
      """
    ならば ターミナルのネットワーク "mynet" には、Consul と Swarm マネージャのコンテナが接続していない

  # ページにはない。ページに載っている出力は 2016 年のもので、今と異なる点は理由と
  # ともに一覧にしてある。もう異ならない点を一覧に残してはならない。
  @tutorial @id:listed-differences @needs:any
  シナリオ: 相違の一覧にある点は、今も実際に異なる
    ならば 相違の一覧にあるものは、ここまでの表示にすべて現れた

  @verify @id:on-bridge-only @needs:consul-box @needs:manager-box @on:manager
  シナリオアウトライン: <コンテナ>は manager の bridge ネットワークにあり、mynet にはない
    ならば <コンテナ>は "manager" 上にあり、ネットワーク "bridge" に接続している
    かつ <コンテナ>は "manager" 上にあり、ネットワーク "mynet" に接続していない

    例:
      | コンテナ                   |
      | Consul コンテナ            |
      | Swarm マネージャ・コンテナ |
