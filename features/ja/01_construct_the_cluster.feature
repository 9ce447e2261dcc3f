# language: ja
機能: ステップ1:クラスタの構築
  Consul は Swarm のディスカバリ・バックエンドであり、コンテナ・ネットワークの
  キーバリュー・ストアでもある。コマンドはすべて manager で入力する。アドレスは
  チュートリアルのものである。

  # manager からはクラスタのすべてのインスタンスにアクセスできる。
  @verify @id:manager-reaches @needs:path @needs:name @rows:as-joined
  シナリオアウトライン: manager から <ノード> の Engine に接続できる
    ならば "manager" から "<アドレス>:2375" の Engine に尋ねると、"<ノード>" と名乗る

    例:
      | ノード     | アドレス       |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  # 項目 3:TCP ポート 8500 で待ち受ける Consul コンテナの起動。
  @tutorial @id:start-consul @needs:consul-box @needs:disk @on:manager
  シナリオ: 読者が Consul を起動する
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker run --restart=unless-stopped -d -p 8500:8500 -h consul progrium/consul -server -bootstrap
      """
    ならば ターミナルにページと同じ内容が表示される
    かつ ターミナルに、"manager" で動くコンテナの ID が表示される

  # 項目 4:コンテナが動いていることの確認。
  @tutorial @id:ps-shows-consul @needs:consul-look @needs:image @on:manager
  シナリオ: manager で動くのは Consul である
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker ps
      """
    ならば ターミナルにページと同じ内容が表示される

  @verify @id:consul-container @needs:consul-look @on:manager
  シナリオアウトライン: Consul コンテナの「<項目>」は <値>
    ならば Consul コンテナは "manager" 上にあり、「<項目>」は "<値>" である

    例:
      | 項目           | 値                            |
      | 状態           | running                       |
      | 再起動ポリシー | unless-stopped                |
      | 公開ポート     | 8500->8500/tcp                |
      | ホスト名       | consul                        |
      | コマンド       | /bin/start -server -bootstrap |

  @verify @id:consul-answers @needs:consul @on:manager
  シナリオ: Consul はポート 8500 で待ち受ける
    ならば ポート 8500 で、"manager" の Consul が 30 秒以内に応答する

  @verify @id:consul-leader @needs:consul @on:manager
  シナリオ: Consul にリーダがいる
    ならば Consul のリーダが 30 秒以内に決まる

  # 項目 5:Swarm マネージャ・コンテナの起動。manager のポート 3375 を、
  # コンテナのポート 2375 に割り当てる。
  @tutorial @id:start-manager @needs:manager-box @needs:disk @on:manager
  シナリオ: 読者が Swarm マネージャを起動する
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker run --restart=unless-stopped -d -p 3375:2375 swarm manage consul://192.168.33.11:8500/
      """
    ならば ターミナルにページと同じ内容が表示される
    かつ ターミナルに、"manager" で動くコンテナの ID が表示される

  @verify @id:swarm-container @needs:manager-look @needs:manager @on:manager
  シナリオアウトライン: Swarm マネージャ・コンテナの「<項目>」は <値>
    ならば Swarm マネージャ・コンテナは "manager" 上にあり、「<項目>」は "<値>" である

    例:
      | 項目           | 値                          |
      | 状態           | running                     |
      | 再起動ポリシー | unless-stopped              |
      | 公開ポート     | 3375->2375/tcp              |
      | プロセス       | swarm manage                |
      | ディスカバリ   | consul://192.168.33.11:8500 |

  # 項目 6:Docker のインストール情報。
  @tutorial @id:info-of-the-engine @needs:setting @needs:name @on:manager
  シナリオ: 「docker info」は manager 自身の Engine の情報を示す
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker info
      """
    ならば ターミナルにページと同じ内容が表示される

  @verify @id:manager-engine @needs:setting @needs:name @on:manager
  シナリオアウトライン: manager の Engine の「<項目>」は <値>
    ならば "manager" の Engine の「<項目>」は "<値>" である

    例:
      | 項目                   | 値                          |
      | 名前                   | manager                     |
      | CPU 数                 | 1                           |
      | 総メモリ               | 992.2 MiB                   |
      | クラスタ・ストア       | consul://192.168.33.11:8500 |
      | クラスタ・アドバタイズ | 192.168.33.11:2375          |

  # 項目 7:consul と swarm manage のコンテナが動いていることの確認。
  @tutorial @id:ps-shows-both @needs:consul-look @needs:manager-look @needs:image @on:manager
  シナリオ: manager で動くのは Consul と Swarm マネージャである
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker ps
      """
    ならば ターミナルにページと同じ内容が表示される

  # 項目 8 と 9:環境変数 DOCKER_HOST の設定。以後のコマンドは Swarm のポートに
  # 届き、クラスタ全体の情報を返す。マネージャはあるが、ノードはまだない。
  @tutorial @id:info-of-the-empty-cluster @needs:list @needs:strategy @on:manager
  シナリオ: ポート 3375 を通すと、ノードのないクラスタが見える
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      export DOCKER_HOST="tcp://192.168.33.11:3375"
      docker info
      """
    ならば ターミナルにページと同じ内容が表示される
    かつ ターミナルの Name に Swarm マネージャ・コンテナの ID が表示される

  @verify @id:swarm-settings @needs:strategy @on:manager
  シナリオアウトライン: ポート 3375 を通して見たクラスタの「<項目>」は <値>
    ならば クラスタの「<項目>」は "<値>" である

    例:
      | 項目       | 値      |
      | 役割       | primary |
      | ストラテジ | spread  |

  @verify @id:swarm-filters @needs:manager @on:manager
  シナリオアウトライン: Swarm はフィルタ <フィルタ> でスケジューリングする
    ならば クラスタはフィルタ "<フィルタ>" を使う

    例:
      | フィルタ   |
      | health     |
      | port       |
      | dependency |
      | affinity   |
      | constraint |

  @verify @id:swarm-name @needs:manager @on:manager
  シナリオ: クラスタの名前は Swarm マネージャ・コンテナの ID である
    ならば クラスタの名前は "manager" 上の Swarm マネージャ・コンテナの ID である

  # 項目 10:manager のコマンドラインから、ノードを 1 つずつクラスタに追加。
  @tutorial @id:join @needs:join @rows:as-joined
  シナリオアウトライン: 読者が <ノード> をクラスタに追加する
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker -H=tcp://<アドレス>:2375 run -d swarm join --advertise=<アドレス>:2375 consul://192.168.33.11:8500/
      """
    ならば ターミナルに、"<ノード>" で動くコンテナの ID が表示される

    例:
      | ノード     | アドレス       |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  @verify @id:join-container @needs:join-look @rows:as-joined
  シナリオアウトライン: <ノード> では「swarm join」コンテナが 1 つ動き、<アドレス>:2375 を知らせる
    ならば "<ノード>" では swarm join コンテナがちょうど 1 つ動いている
    かつ swarm join コンテナは "<ノード>" 上にあり、「アドバタイズ・アドレス」は "<アドレス>:2375" である
    かつ swarm join コンテナは "<ノード>" 上にあり、「ディスカバリ」は "consul://192.168.33.11:8500" である

    例:
      | ノード     | アドレス       |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  # 項目 11:もう一度 docker info を実行し、すべてのノードを確認。
  @verify @id:node-healthy @needs:member @rows:as-listed
  シナリオアウトライン: クラスタの一覧で <ノード>(<アドレス>:2375)は Healthy である
    ならば クラスタの一覧に、"<ノード>" がアドレス "<アドレス>:2375" で載り、30 秒以内に Healthy になる

    例:
      | ノード     | アドレス       |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | store      | 192.168.33.250 |
      | worker01   | 192.168.33.200 |

  @tutorial @id:info-of-the-cluster @needs:member @needs:list @needs:strategy
  シナリオ: ポート 3375 を通すと、4 つのノードが見える
    前提 "manager" に接続した読者のターミナルがある
    もし 読者が次のコマンドを入力する:
      """
      docker info
      """
    ならば ターミナルにページと同じ内容が表示される
    かつ ターミナルの Name に Swarm マネージャ・コンテナの ID が表示される

  @verify @id:nodes-in-order @needs:member @needs:list
  シナリオ: クラスタのノードはこの順に並ぶ 4 つで、ほかにはない
    ならば クラスタの一覧に載るノードは次のとおりで、この順に並び、ほかにはない:
      | ノード     | アドレス            |
      | frontend01 | 192.168.33.20:2375  |
      | frontend02 | 192.168.33.21:2375  |
      | store      | 192.168.33.250:2375 |
      | worker01   | 192.168.33.200:2375 |

  # 予約済みの量は動いているもので変わるが、ノードの大きさは変わらない。
  @verify @id:node-size @needs:member @rows:as-listed
  シナリオアウトライン: クラスタから見た <ノード> は CPU <CPU> 個、メモリ <メモリ>
    ならば クラスタの一覧で、"<ノード>" の CPU は <CPU> 個、メモリは "<メモリ>" である

    例:
      | ノード     | CPU | メモリ    |
      | frontend01 | 1   | 1.017 GiB |
      | frontend02 | 1   | 1.017 GiB |
      | store      | 1   | 3.86 GiB  |
      | worker01   | 1   | 1.017 GiB |

  @verify @id:node-details @needs:member @rows:as-listed
  シナリオアウトライン: クラスタは <ノード> のラベルを把握し、エラーはなく、情報を更新し続ける
    ならば クラスタの一覧で、"<ノード>" にラベル "kernelversion, operatingsystem, storagedriver" がある
    かつ クラスタの一覧で、"<ノード>" にエラーはない
    かつ クラスタの一覧で、"<ノード>" は直近 5 分以内に更新されている

    例:
      | ノード     |
      | frontend01 |
      | frontend02 |
      | store      |
      | worker01   |

  @verify @id:cluster-totals @needs:member @needs:list
  シナリオアウトライン: クラスタの「<項目>」は <値>
    ならば クラスタの「<項目>」は "<値>" である

    例:
      | 項目     | 値        |
      | ノード数 | 4         |
      | CPU 数   | 4         |
      | 総メモリ | 6.912 GiB |
