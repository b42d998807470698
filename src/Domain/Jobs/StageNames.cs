namespace LoraDrop.Domain;

/// <summary>Display names of stages.</summary>
public static class StageNames
{
    public static string ForPeople(Stage stage) => stage == Stage.ImportanceEvaluation ? "Importance evaluation" : "Task adaptation";
}
