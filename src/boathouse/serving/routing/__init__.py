"""Who answers: shares of the traffic, the same one for the same key, and who only watches."""
