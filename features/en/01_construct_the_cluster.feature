Feature: Step 1: Construct the cluster
  Consul is the discovery backend of Swarm and the key-value store of the
  container networks. Every command is typed on the manager, addresses are the
  tutorial's.

  # "The manager node has access to all instances in the cluster."
  @verify @id:manager-reaches @needs:path @needs:name @rows:as-joined
  Scenario Outline: The manager reaches the engine of <node>
    Then from "manager" the engine at "<address>:2375" answers as "<node>"

    Examples:
      | node       | address        |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  # Item 3: "Start a Consul container that listens on TCP port 8500."
  @tutorial @id:start-consul @needs:consul-box @needs:disk @on:manager
  Scenario: The reader starts Consul
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker run --restart=unless-stopped -d -p 8500:8500 -h consul progrium/consul -server -bootstrap
      """
    Then the terminal shows what the page shows
    And the terminal shows the id of a container that runs on "manager"

  # Item 4: "Verify that the container is running."
  @tutorial @id:ps-shows-consul @needs:consul-look @needs:image @on:manager
  Scenario: Consul is what runs on the manager
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker ps
      """
    Then the terminal shows what the page shows

  @verify @id:consul-container @needs:consul-look @on:manager
  Scenario Outline: The <property> of the Consul container is <value>
    Then the Consul container on "manager" has the <property> "<value>"

    Examples:
      | property       | value                         |
      | state          | running                       |
      | restart policy | unless-stopped                |
      | published port | 8500->8500/tcp                |
      | host name      | consul                        |
      | command        | /bin/start -server -bootstrap |

  @verify @id:consul-answers @needs:consul @on:manager
  Scenario: Consul listens on port 8500
    Then Consul answers on port 8500 of "manager" within 30 seconds

  @verify @id:consul-leader @needs:consul @on:manager
  Scenario: Consul has a leader
    Then Consul has a leader within 30 seconds

  # Item 5: "Start a Swarm manager container. This command maps port 3375 on
  # the manager node to port 2375 in the Swarm manager container."
  @tutorial @id:start-manager @needs:manager-box @needs:disk @on:manager
  Scenario: The reader starts the Swarm manager
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker run --restart=unless-stopped -d -p 3375:2375 swarm manage consul://192.168.33.11:8500/
      """
    Then the terminal shows what the page shows
    And the terminal shows the id of a container that runs on "manager"

  @verify @id:swarm-container @needs:manager-look @needs:manager @on:manager
  Scenario Outline: The <property> of the Swarm manager container is <value>
    Then the Swarm manager container on "manager" has the <property> "<value>"

    Examples:
      | property       | value                       |
      | state          | running                     |
      | restart policy | unless-stopped              |
      | published port | 3375->2375/tcp              |
      | process        | swarm manage                |
      | discovery      | consul://192.168.33.11:8500 |

  # Item 6: "Get information about your Docker installation."
  @tutorial @id:info-of-the-engine @needs:setting @needs:name @on:manager
  Scenario: "docker info" tells of the manager's own engine
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker info
      """
    Then the terminal shows what the page shows

  @verify @id:manager-engine @needs:setting @needs:name @on:manager
  Scenario Outline: The manager's engine gives its <property> as <value>
    Then the engine of "manager" has the <property> "<value>"

    Examples:
      | property          | value                       |
      | name              | manager                     |
      | CPUs              | 1                           |
      | total memory      | 992.2 MiB                   |
      | cluster store     | consul://192.168.33.11:8500 |
      | cluster advertise | 192.168.33.11:2375          |

  # Item 7: "Verify that the consul and swarm manage containers are running."
  @tutorial @id:ps-shows-both @needs:consul-look @needs:manager-look @needs:image @on:manager
  Scenario: Consul and the Swarm manager are what runs on the manager
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker ps
      """
    Then the terminal shows what the page shows

  # Items 8 and 9: "Set the DOCKER_HOST environment variable." "The command
  # acted on the Swarm port, so it returned information about the entire
  # cluster. You have a manager but no nodes."
  @tutorial @id:info-of-the-empty-cluster @needs:list @needs:strategy @on:manager
  Scenario: Through port 3375 the reader sees a cluster with no nodes
    Given the reader's terminal on "manager"
    When the reader types:
      """
      export DOCKER_HOST="tcp://192.168.33.11:3375"
      docker info
      """
    Then the terminal shows what the page shows
    And the terminal shows the id of the Swarm manager container as the Name

  @verify @id:swarm-settings @needs:strategy @on:manager
  Scenario Outline: Through port 3375 the cluster gives its <property> as <value>
    Then the cluster has the <property> "<value>"

    Examples:
      | property | value   |
      | role     | primary |
      | strategy | spread  |

  @verify @id:swarm-filters @needs:manager @on:manager
  Scenario Outline: Swarm schedules with the filter <filter>
    Then the cluster uses the filter "<filter>"

    Examples:
      | filter     |
      | health     |
      | port       |
      | dependency |
      | affinity   |
      | constraint |

  @verify @id:swarm-name @needs:manager @on:manager
  Scenario: The cluster goes by the id of the Swarm manager container
    Then the cluster's name is the id of the Swarm manager container on "manager"

  # Item 10: "Add each node to the cluster from the manager's command line."
  @tutorial @id:join @needs:join @rows:as-joined
  Scenario Outline: The reader adds <node> to the cluster
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker -H=tcp://<address>:2375 run -d swarm join --advertise=<address>:2375 consul://192.168.33.11:8500/
      """
    Then the terminal shows the id of a container that runs on "<node>"

    Examples:
      | node       | address        |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  @verify @id:join-container @needs:join-look @rows:as-joined
  Scenario Outline: <node> runs one "swarm join" container, which advertises <address>:2375
    Then "<node>" runs exactly one Swarm join container
    And the Swarm join container on "<node>" has the advertised address "<address>:2375"
    And the Swarm join container on "<node>" has the discovery "consul://192.168.33.11:8500"

    Examples:
      | node       | address        |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | worker01   | 192.168.33.200 |
      | store      | 192.168.33.250 |

  # Item 11: "Run the docker info command again to see all the nodes."
  @verify @id:node-healthy @needs:member @rows:as-listed
  Scenario Outline: The cluster lists <node> at <address>:2375 as Healthy
    Then the cluster lists "<node>" at "<address>:2375" as Healthy within 30 seconds

    Examples:
      | node       | address        |
      | frontend01 | 192.168.33.20  |
      | frontend02 | 192.168.33.21  |
      | store      | 192.168.33.250 |
      | worker01   | 192.168.33.200 |

  @tutorial @id:info-of-the-cluster @needs:member @needs:list @needs:strategy
  Scenario: Through port 3375 the reader sees the four nodes
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker info
      """
    Then the terminal shows what the page shows
    And the terminal shows the id of the Swarm manager container as the Name

  @verify @id:nodes-in-order @needs:member @needs:list
  Scenario: The cluster is exactly these four nodes, in this order
    Then the cluster lists exactly these nodes, in this order:
      | node       | address             |
      | frontend01 | 192.168.33.20:2375  |
      | frontend02 | 192.168.33.21:2375  |
      | store      | 192.168.33.250:2375 |
      | worker01   | 192.168.33.200:2375 |

  # What is reserved of a node depends on what runs there, how much it has does not.
  @verify @id:node-size @needs:member @rows:as-listed
  Scenario Outline: The cluster counts <cpus> CPU and <memory> on <node>
    Then the cluster lists "<node>" with <cpus> CPU and "<memory>" of memory

    Examples:
      | node       | cpus | memory    |
      | frontend01 | 1    | 1.017 GiB |
      | frontend02 | 1    | 1.017 GiB |
      | store      | 1    | 3.86 GiB  |
      | worker01   | 1    | 1.017 GiB |

  @verify @id:node-details @needs:member @rows:as-listed
  Scenario Outline: The cluster knows the labels of <node>, no error of it, and asks it again and again
    Then the cluster lists "<node>" with the labels "kernelversion, operatingsystem, storagedriver"
    And the cluster lists "<node>" with no error
    And the cluster lists "<node>" as updated within the last 5 minutes

    Examples:
      | node       |
      | frontend01 |
      | frontend02 |
      | store      |
      | worker01   |

  @verify @id:cluster-totals @needs:member @needs:list
  Scenario Outline: The cluster gives its <property> as <value>
    Then the cluster has the <property> "<value>"

    Examples:
      | property     | value     |
      | nodes        | 4         |
      | CPUs         | 4         |
      | total memory | 6.912 GiB |
