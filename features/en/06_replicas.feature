Feature: The cluster with replicas of its Swarm manager
  For production the page recommends replicas of the Swarm manager, and does not
  show them. Here two more hosts run a manager, and three a Consul server. One
  manager is primary: it holds a lock in Consul with a TTL of 20 seconds, which
  it renews every 5. A manager that is stopped loses it 15 to 20 seconds later;
  one whose host is lost sooner, as soon as Consul's own gossip misses the host.
  Each manager and each node that joins asks the Consul on its own host, where
  there is one.

  @replicas @id:one-primary @needs:any
  Scenario: One manager is primary, and every manager shows the same cluster
    Given the cluster was built with 2 replicas of the Swarm manager
    Then one Swarm manager is primary, and each other one names it; each lists 4 nodes, all Healthy, within 30 seconds
    And Consul has 3 servers within 30 seconds
    And a container can be started through port 3375 of every Swarm manager that answers

  # The cluster store of all engines is the Consul on the manager, as the page has
  # it: while it is lost, an engine takes 45 seconds to start a container.
  @replicas @id:primary-host-lost @needs:any
  Scenario: When the manager's host is lost a replica is primary, and the cluster goes on
    Given the cluster was built with 2 replicas of the Swarm manager
    And containers are started through port 3375 on "frontend01, store", attached to "mynet"
    When "manager" loses power
    Then another Swarm manager is primary after 3 to 30 seconds
    And each of them still runs
    And each of them reaches every other by name
    And a container can be started through port 3375 of every Swarm manager that answers
    # Swarm asks Consul before that has a leader, and then again after 60 seconds.
    When the fault is taken off
    Then one Swarm manager is primary, and each other one names it; each lists 4 nodes, all Healthy, within 90 seconds
    And the cluster is as it was within 60 seconds

  @replicas @id:primary-stopped @needs:any
  Scenario: When the primary is stopped a replica is primary within the TTL of its lock
    Given the cluster was built with 2 replicas of the Swarm manager
    When the Swarm manager that is primary is stopped
    Then another Swarm manager is primary after 14 to 25 seconds
    And a container can be started through port 3375 of every Swarm manager that answers
    When the fault is taken off
    Then one Swarm manager is primary, and each other one names it; each lists 4 nodes, all Healthy, within 60 seconds
    And the cluster is as it was within 60 seconds

  @replicas @id:consul-member-lost @needs:any
  Scenario: One Consul server of three can be lost
    Given the cluster was built with 2 replicas of the Swarm manager
    When the Consul container on "frontend02" is stopped
    Then Consul has a leader within 30 seconds
    And Consul has the Swarm node "192.168.33.20:2375" registered within 10 seconds
    And the diagnosis names the cause "consul-stopped"
    When the fault is taken off
    Then Consul has 3 servers within 30 seconds
    And one Swarm manager is primary, and each other one names it; each lists 4 nodes, all Healthy, within 90 seconds
    And the cluster is as it was within 60 seconds

  @replicas @id:quorum-lost @needs:any
  Scenario: Without a quorum nothing can be changed, what runs goes on, and nothing is lost
    Given the cluster was built with 2 replicas of the Swarm manager
    And containers are started through port 3375 on "frontend01, store", attached to "mynet"
    When the Consul container on "frontend01" is stopped
    And the Consul container on "frontend02" is stopped
    Then Consul has no leader within 30 seconds
    # The one that was goes on to say that it is where the Consul on its host led.
    And no other Swarm manager is primary
    And each of them still runs
    And each of them reaches every other by name
    And the diagnosis names the cause "consul-no-quorum"
    When the fault is taken off
    Then Consul has a leader within 60 seconds
    And Consul has every key that it had within 60 seconds
    And one Swarm manager is primary, and each other one names it; each lists 4 nodes, all Healthy, within 90 seconds
    And the cluster is as it was within 60 seconds
