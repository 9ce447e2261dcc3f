Feature: Step 3: Overlay a container network
  Containers on different hosts talk to one another over a network of the
  overlay type, whose name is mynet.

  # Item 2: "View networks on the manager."
  @tutorial @id:networks-of-the-manager @needs:network @on:manager
  Scenario: The manager has three networks
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker -H=tcp://192.168.33.11:2375 network ls
      """
    Then the terminal shows what the page shows

  # Item 3: "Get the same information for the cluster."
  @tutorial @id:networks-of-the-cluster @needs:member @needs:network
  Scenario: The cluster has twelve networks
    Given the reader's terminal on "manager"
    When the reader types:
      """
      export DOCKER_HOST="tcp://192.168.33.11:3375"
      docker network ls
      """
    Then the terminal shows what the page shows

  @verify @id:own-networks @needs:member @rows:as-listed
  Scenario Outline: The cluster lists the networks that are <node>'s own
    Then the cluster lists these networks of "<node>":
      | name   | driver |
      | none   | null   |
      | host   | host   |
      | bridge | bridge |

    Examples:
      | node       |
      | frontend01 |
      | frontend02 |
      | store      |
      | worker01   |

  # Item 4: "Create the overlay network."
  @tutorial @id:create-network @needs:network @needs:manager
  Scenario: The reader creates the overlay network
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker network create --driver overlay mynet
      """
    Then the terminal shows the id of the network "mynet"

  # Not on the page. Each engine looks for one other, once, when it finds itself
  # in Consul; those which do so within the same moment may end as two circles
  # that never meet. A message that is lost comes again up to 30 s later. A reader
  # who starts hosts one by one, and types slowly, sees neither.
  @tutorial @id:engines-meet @needs:gossip
  Scenario: The engines meet
    Given every engine looks for the others within 60 seconds
    When those that stayed apart are introduced
    Then every engine has found every other within 60 seconds

  # Item 5: "Run the two network commands again to see how the network list changed."
  @tutorial @id:cluster-shows-network @needs:member @needs:network
  Scenario: The cluster has the new network besides the twelve
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker network ls
      """
    Then the terminal lists 13 networks, one of them "mynet" with the driver "overlay"

  @tutorial @id:manager-shows-network @needs:network @on:manager
  Scenario: The manager has the new network besides the three
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker -H=tcp://192.168.33.11:2375 network ls
      """
    Then the terminal lists 4 networks, one of them "mynet" with the driver "overlay"

  # "All nodes in the Swarm are configured to use the Consul discovery service."
  @verify @id:cluster-store @needs:setting @rows:as-hosts
  Scenario Outline: The engine of <node> uses Consul and says where it is
    Then the engine of "<node>" has the cluster store "consul://192.168.33.11:8500"
    And the engine of "<node>" has the cluster advertise "<address>:2375"

    Examples:
      | node       | address        |
      | manager    | 192.168.33.11  |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  # Item 6: "Try running the network command on an individual node."
  @tutorial @id:node-shows-network @needs:network @on:frontend01
  Scenario: frontend01 has the new network
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker -H=tcp://192.168.33.20:2375 network ls
      """
    Then the terminal lists 4 networks, one of them "mynet" with the driver "overlay"

  # "No matter which node you run the command on, the same overlay network is available."
  @verify @id:network-on-node @needs:network @rows:as-hosts
  Scenario Outline: On <node> mynet is an overlay network
    Then on "<node>" the network "mynet" has the driver "overlay"

    Examples:
      | node       |
      | manager    |
      | frontend01 |
      | frontend02 |
      | worker01   |
      | store      |

  @verify @id:network-of-cluster @needs:network @needs:manager
  Scenario: Through port 3375 mynet is an overlay network
    Then in the cluster the network "mynet" has the driver "overlay"

  @verify @id:network-is-one @needs:network @needs:manager
  Scenario: mynet is the same network whichever node you ask
    Then every engine and the cluster give "mynet" one and the same id

  # "Container networking can span hosts and networks: containers can communicate
  # whichever node they run on." A network that is listed need not carry: the
  # engines must have found one another first, and tell one another of their
  # containers from then on only.
  @verify @id:engines-know-each-other @needs:gossip
  Scenario: Every engine has found every other
    Then every engine has found every other within 60 seconds

  @workload @id:reach-everywhere @needs:packet @needs:disk
  Scenario: Containers on all hosts reach one another by name over mynet
    Given every engine has found every other within 60 seconds
    When a container is started on each engine, attached to "mynet"
    Then each of them reaches every other by name

  @workload @id:reach-through-swarm @needs:packet @needs:place @needs:path @needs:disk @on:frontend01 @on:store
  Scenario: Containers that Swarm put on two nodes reach each other by name over mynet
    Given every engine has found every other within 60 seconds
    When a container is started through port 3375 on "frontend01" and on "store", attached to "mynet"
    Then each of them reaches every other by name
