Feature: Step 4: Review your work
  The cluster is complete. The containers of Swarm and Consul run on the
  manager's default bridge network, and not on mynet.

  @tutorial @id:inspect-bridge @needs:consul-box @needs:manager-box @on:manager
  Scenario: Consul and the Swarm manager are on the manager's bridge network
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker -H=tcp://192.168.33.11:2375 network inspect bridge
      """
    Then the terminal shows the network "bridge" with the Consul and the Swarm manager container

  @tutorial @id:inspect-mynet @needs:consul-box @needs:manager-box @needs:network @on:manager
  Scenario: Neither of them is on mynet
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker -H=tcp://192.168.33.11:2375 network inspect mynet
      """
    Then the terminal shows the network "mynet" without the Consul and the Swarm manager container

  # Not on the page. Its outputs are of 2016; what differs from them today is
  # listed with the reason, and a difference that is not there any more is not to
  # stay on the list.
  @tutorial @id:listed-differences @needs:any
  Scenario: What is listed as different today is different
    Then every listed difference was seen in what the terminal has shown

  @verify @id:on-bridge-only @needs:consul-box @needs:manager-box @on:manager
  Scenario Outline: The <role> container is on the manager's bridge network and not on mynet
    Then the <role> container on "manager" is on the network "bridge"
    And the <role> container on "manager" is not on the network "mynet"

    Examples:
      | role          |
      | Consul        |
      | Swarm manager |
