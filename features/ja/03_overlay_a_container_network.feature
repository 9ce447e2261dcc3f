# language: ja
機能: ステップ3:コンテナ・ネットワークを被せる
  異なるホストのコンテナは、mynet という名前のオーバレイ・ネットワークを通して
  互いに通信する。

  # 項目 2:manager のネットワークの確認。
  @tutorial @id:networks-of-the-manager @needs:network @on:manager
  シナリオ: manager には 3 つのネットワークがある
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker -H=tcp://192.168.33.11:2375 network ls
      """
    ならば ターミナルにページと同じ内容が表示される

  # 項目 3:クラスタについても同じ情報を確認。
  @tutorial @id:networks-of-the-cluster @needs:member @needs:network
  シナリオ: クラスタには 12 のネットワークがある
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      export DOCKER_HOST="tcp://192.168.33.11:3375"
      docker network ls
      """
    ならば ターミナルにページと同じ内容が表示される

  @verify @id:own-networks @needs:member @rows:as-listed
  シナリオアウトライン: クラスタの一覧に <ノード> 自身のネットワークがある
    ならば クラスタの一覧に、"<ノード>" の次のネットワークがある:
      | 名前   | ドライバ |
      | none   | null     |
      | host   | host     |
      | bridge | bridge   |

    例:
      | ノード     |
      | frontend01 |
      | frontend02 |
      | store      |
      | worker01   |

  # 項目 4:オーバレイ・ネットワークの作成。
  @tutorial @id:create-network @needs:network @needs:manager
  シナリオ: 読者がオーバレイ・ネットワークを作成する
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker network create --driver overlay mynet
      """
    ならば ターミナルにネットワーク "mynet" の ID が表示される

  # チュートリアルにはない。Engine は Consul に自分を見つけたとき、一度だけ、ほかの
  # Engine を 1 つ探す。同じ瞬間に探した Engine は、二度と出会わない 2 つの輪に
  # 分かれることがある。失われた知らせが再び届くのは、長くて 30 秒後である。
  # ホストを 1 つずつ起動し、ゆっくり入力する読者には、どちらも起こらない。
  @tutorial @id:engines-meet @needs:gossip
  シナリオ: Engine どうしが出会う
    前提 すべての Engine が 60 秒以内にほかの Engine を探し始める
    もし 離れたままの Engine を引き合わせる
    ならば すべての Engine が 60 秒以内に互いを見つける

  # 項目 5:2 つのネットワーク・コマンドをもう一度実行し、一覧の変化を確認。
  @tutorial @id:cluster-shows-network @needs:member @needs:network
  シナリオ: クラスタには 12 のほかに新しいネットワークがある
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker network ls
      """
    ならば ターミナルに 13 個のネットワークが表示され、その中の "mynet" のドライバは "overlay" である

  @tutorial @id:manager-shows-network @needs:network @on:manager
  シナリオ: manager には 3 つのほかに新しいネットワークがある
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker -H=tcp://192.168.33.11:2375 network ls
      """
    ならば ターミナルに 4 個のネットワークが表示され、その中の "mynet" のドライバは "overlay" である

  # Swarm のノードはすべて Consul ディスカバリ・サービスを使うように設定されている。
  @verify @id:cluster-store @needs:setting @rows:as-hosts
  シナリオアウトライン: <ノード> の Engine は Consul を使い、自分の場所を知らせる
    ならば "<ノード>" の Engine の「クラスタ・ストア」は "consul://192.168.33.11:8500" である
    かつ "<ノード>" の Engine の「クラスタ・アドバタイズ」は "<アドレス>:2375" である

    例:
      | ノード     | アドレス       |
      | manager    | 192.168.33.11  |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  # 項目 6:個々のノードでの確認。
  @tutorial @id:node-shows-network @needs:network @on:frontend01
  シナリオ: frontend01 に新しいネットワークがある
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker -H=tcp://192.168.33.20:2375 network ls
      """
    ならば ターミナルに 4 個のネットワークが表示され、その中の "mynet" のドライバは "overlay" である

  # どのノードでコマンドを実行しても、同じオーバレイ・ネットワークがある。
  @verify @id:network-on-node @needs:network @rows:as-hosts
  シナリオアウトライン: <ノード> の mynet はオーバレイ・ネットワークである
    ならば "<ノード>" では、ネットワーク "mynet" のドライバは "overlay" である

    例:
      | ノード     |
      | manager    |
      | frontend01 |
      | frontend02 |
      | worker01   |
      | store      |

  @verify @id:network-of-cluster @needs:network @needs:manager
  シナリオ: ポート 3375 を通して見た mynet はオーバレイ・ネットワークである
    ならば クラスタでは、ネットワーク "mynet" のドライバは "overlay" である

  @verify @id:network-is-one @needs:network @needs:manager
  シナリオ: どのノードに尋ねても mynet は同じネットワークである
    ならば どの Engine に尋ねても、クラスタに尋ねても、"mynet" の ID は同じである

  # コンテナのネットワークは複数のホストにまたがり、コンテナはどのノードで動いていても
  # 通信できる。ただし、一覧にあるネットワークが通じるとは限らない。Engine は先に互いを
  # 見つけている必要があり、コンテナの情報はそれ以後にしか伝わらない。
  @verify @id:engines-know-each-other @needs:gossip
  シナリオ: すべての Engine が互いを見つけている
    ならば すべての Engine が 60 秒以内に互いを見つける

  @workload @id:reach-everywhere @needs:packet @needs:disk
  シナリオ: すべてのホストのコンテナが、mynet を通して互いに名前で届く
    前提 すべての Engine が 60 秒以内に互いを見つける
    もし 各 Engine で、"mynet" に接続するコンテナを 1 つずつ起動する
    ならば どのコンテナからも、ほかのすべてのコンテナに名前で届く

  @workload @id:reach-through-swarm @needs:packet @needs:place @needs:path @needs:disk @on:frontend01 @on:store
  シナリオ: Swarm が 2 つのノードに置いたコンテナが、mynet を通して互いに名前で届く
    前提 すべての Engine が 60 秒以内に互いを見つける
    もし ポート 3375 を通して、"frontend01" と "store" で、"mynet" に接続するコンテナを起動する
    ならば どのコンテナからも、ほかのすべてのコンテナに名前で届く
