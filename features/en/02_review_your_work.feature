Feature: Step 2: Review your work
  Two containers run on the manager: Consul, by which nodes find one another,
  and the Swarm manager, which takes commands on port 3375 and runs them on the
  nodes over port 2375.

  @verify @id:only-on-the-manager @needs:consul-look @needs:manager-look @needs:engine
  Scenario Outline: One <role> container runs, on the manager
    Then of all engines only "manager" runs a <role> container, and just one

    Examples:
      | role          |
      | Consul        |
      | Swarm manager |

  # "The consul container provides the Swarm discovery service. This is where
  # nodes and services register themselves."
  @verify @id:registered @needs:key @rows:as-joined
  Scenario Outline: <node> is registered with Consul
    Then Consul has the Swarm node "<address>:2375" registered within 30 seconds

    Examples:
      | node       | address        |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  # "Docker clients must send commands to the manager node on port 3375. The
  # swarm container then executes them against the relevant node over port 2375."
  @workload @id:runs-on-one-node @needs:member @needs:list @needs:path @needs:disk
  Scenario: A container started through port 3375 runs on exactly one node
    When a container is started through port 3375
    Then exactly one engine has it on port 2375, a node's
    And the cluster names that node as where it runs

  # "You use the spread scheduling strategy."
  @workload @id:spread @needs:member @needs:list @needs:strategy @needs:path @needs:disk
  Scenario: Containers are spread evenly over the nodes
    Given the cluster counts the containers of each node as its engine does within 60 seconds
    When 8 containers are started through port 3375, one after another
    Then each went to a node that had the fewest, as the engines count them
