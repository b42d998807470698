namespace LoraDrop.Domain;

/// <summary>What people call a stage.</summary>
public static class StageNames
{
    public static string ForPeople(Stage stage) => stage == Stage.ImportanceEvaluation ? "Importance evaluation" : "Task adaptation";
}
