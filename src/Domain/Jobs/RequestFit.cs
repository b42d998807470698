namespace LoraDrop.Domain;
public static class RequestFit
{
    public static IEnumerable<Fault> Faults(JobRequest request, ModelFacts? model, DatasetFacts? data) => [];
}
