# language: ja
機能: ステップ2:作業内容の確認
  manager では 2 つのコンテナが動く。ノードが互いを見つけるための Consul と、
  ポート 3375 でコマンドを受け取り、ポート 2375 を通してノードで実行する
  Swarm マネージャである。

  @verify @id:only-on-the-manager @needs:consul-look @needs:manager-look @needs:engine
  シナリオアウトライン: <コンテナ>は manager にだけ 1 つある
    ならば すべての Engine のうち "manager" だけで <コンテナ>が動いており、その数は 1 つである

    例:
      | コンテナ                   |
      | Consul コンテナ            |
      | Swarm マネージャ・コンテナ |

  # Consul コンテナは Swarm のディスカバリ・サービスで、ノードとサービスは
  # ここに登録される。
  @verify @id:registered @needs:key @rows:as-joined
  シナリオアウトライン: <ノード> は Consul に登録されている
    ならば Consul に Swarm ノード "<アドレス>:2375" が 30 秒以内に登録される

    例:
      | ノード     | アドレス       |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  # Docker クライアントは manager のポート 3375 にコマンドを送る。swarm コンテナは
  # それを、ポート 2375 を通して該当するノードで実行する。
  @workload @id:runs-on-one-node @needs:member @needs:list @needs:path @needs:disk
  シナリオ: ポート 3375 を通して起動したコンテナは 1 つのノードだけで動く
    もし ポート 3375 を通してコンテナを 1 つ起動する
    ならば ポート 2375 で尋ねると、そのコンテナがあるのは 1 つのノードの Engine だけである
    かつ クラスタは、コンテナの実行場所としてそのノードを示す

  # スケジューリング・ストラテジは spread である。
  @workload @id:spread @needs:member @needs:list @needs:strategy @needs:path @needs:disk
  シナリオ: コンテナはノードに均等に分散する
    前提 クラスタが数える各ノードのコンテナ数が、60 秒以内に Engine の数えるものと一致する
    もし 8 個のコンテナを、ポート 3375 を通して 1 つずつ起動する
    ならば どのコンテナも、その時点で Engine の数えるコンテナが最も少ないノードに配置された
