Feature: Step 1: Start a container

  @tutorial @id:start-idler
  Scenario: The reader starts the container
    Given the reader's terminal on "manager"
    When the reader types:
      """
      docker run --restart=unless-stopped -d -h idler labcheck/workload
      """
    Then the terminal shows what the page shows

  @tutorial @id:idler-runs
  Scenario: The container runs on the manager
    Then the terminal shows the id of a container that runs on "manager"
    And every listed difference was seen in what the terminal has shown
